set(STORE_ENERGY_SOURCES energy.c energy_days.c energy_intervals.c)
