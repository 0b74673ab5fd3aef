# Warnings, sanitizers and hardening: one place for every target.
add_library(ecmon_flags INTERFACE)

target_compile_definitions(ecmon_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(ecmon_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion
    -Wformat=2 -Wvla -Wundef -Wcast-qual -Wcast-align -Wpointer-arith -Wwrite-strings
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wredundant-decls
    -Wswitch-enum -Wnull-dereference -Wimplicit-fallthrough
    -Wno-missing-field-initializers # what is not named is zero
    -ffp-contract=off -fno-strict-overflow)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(ecmon_flags INTERFACE
        -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wformat-signedness)
endif()
if(ECMON_WERROR)
    target_compile_options(ecmon_flags INTERFACE -Werror)
endif()
if(ECMON_SANITIZE)
    target_compile_options(ecmon_flags INTERFACE
        -fsanitize=${ECMON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(ecmon_flags INTERFACE -fsanitize=${ECMON_SANITIZE})
endif()
if(ECMON_FUZZ)
    target_compile_options(ecmon_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ECMON_HARDEN)
    target_compile_options(ecmon_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
        -fstack-clash-protection -fcf-protection=full)
    target_link_options(ecmon_flags INTERFACE
        -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
endif()
