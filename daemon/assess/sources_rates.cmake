set(ASSESS_RATES_SOURCES
    carbon.c carbon_factors.c carbon_inputs.c carbon_rows.c
    explain.c explain_carbon.c explain_rate.c explain_text.c
    rates.c rates_figures.c rates_groups.c rates_inputs.c rates_rows.c rates_stale.c rates_store.c)
