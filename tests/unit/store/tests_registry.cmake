foreach(module registry imports)
    ecmon_test(test_${module} SOURCES test_${module}.c ROOMS store core
               LIBS PkgConfig::SQLITE Threads::Threads)
endforeach()
