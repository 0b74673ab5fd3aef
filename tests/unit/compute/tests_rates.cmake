foreach(module baseline resumption light carbon period)
    ecmon_test(test_${module} SOURCES test_${module}.c ROOMS compute)
endforeach()
