set(STORE_RESULTS_SOURCES
    results.c results_carbon.c results_fields.c results_latest.c results_rates.c)
