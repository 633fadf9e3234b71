# SPDX-License-Identifier: MIT
# Fuzzers of what reads other people's bytes: tests/run fuzz.
option(IPVS_BUILD_FUZZERS "link the fuzzers; clang, with IPVS_SANITIZE=fuzzer-no-link,address,undefined" OFF)
if(NOT TARGET ipvsadm_core)
  return()
endif()
foreach(name codec connection rules short_view)
  # As objects they are known to every build, and so to the analysis.
  add_library(fuzz_${name}_object OBJECT EXCLUDE_FROM_ALL fuzz/${name}.cpp)
  ipvs_target(fuzz_${name}_object)
  target_include_directories(fuzz_${name}_object PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit
                                                         ${PROJECT_SOURCE_DIR}/libipvs/src)
  target_link_libraries(fuzz_${name}_object PRIVATE ipvsadm_core PkgConfig::IPVS_LIBNL)
  if(IPVS_BUILD_FUZZERS)
    add_executable(fuzz_${name} EXCLUDE_FROM_ALL $<TARGET_OBJECTS:fuzz_${name}_object>)
    target_link_libraries(fuzz_${name} PRIVATE ipvsadm_core PkgConfig::IPVS_LIBNL)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
endforeach()
