set(COMPUTE_RATES_SOURCES baseline.c carbon.c light.c period.c resumption.c)
