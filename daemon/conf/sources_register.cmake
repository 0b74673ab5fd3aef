set(CONF_REGISTER_SOURCES
    table.c table_value.c
    register.c register_enterprises.c register_meters.c register_meter_checks.c register_reach.c
    register_lists.c register_groups.c register_same.c
    methods.c methods_method.c methods_factors.c methods_tables.c methods_names.c)
