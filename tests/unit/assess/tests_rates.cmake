foreach(module rates rates_store rates_stale explain carbon carbon_factors)
    ecmon_test(test_assess_${module} SOURCES test_${module}.c
               ROOMS assess store compute core LIBS PkgConfig::SQLITE)
endforeach()
