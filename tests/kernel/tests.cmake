# SPDX-License-Identifier: MIT
# The tests that need a kernel with IPVS, each in a boot of its own.
set(boot ${CMAKE_CURRENT_SOURCE_DIR}/kernel/boot)

# ipvs_kernel_test(NAME SECONDS COMMAND...): runs COMMAND as root in the kernel, in a work folder of its own.
function(ipvs_kernel_test name seconds)
  add_test(NAME kernel.${name} COMMAND ${boot} ${CMAKE_BINARY_DIR}/kernel/${name} ${ARGN})
  math(EXPR limit "${seconds} + 60")
  set(environment IPVS_SOURCE=${PROJECT_SOURCE_DIR} IPVS_BUILD=${CMAKE_BINARY_DIR} IPVS_BOOT_TIMEOUT=${seconds})
  if(TARGET ipvsadm)
    list(APPEND environment IPVS_ADM=$<TARGET_FILE:ipvsadm>)
  endif()
  set_tests_properties(kernel.${name} PROPERTIES LABELS kernel TIMEOUT ${limit} ENVIRONMENT "${environment}")
endfunction()

# ipvs_kernel_program(NAME SOURCE...): a program that runs in the kernel; skipped while its first source is absent.
function(ipvs_kernel_program name)
  list(GET ARGN 0 first)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/kernel/${first})
    return()
  endif()
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/kernel/)
  add_executable(${name} ${ARGN})
  ipvs_target(${name})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
endfunction()

ipvs_kernel_program(client_test client_test.cpp)
if(TARGET client_test)
  target_link_libraries(client_test PRIVATE ipvs::ipvs Catch2::Catch2WithMain)
  ipvs_kernel_test(client 300 $<TARGET_FILE:client_test>)
endif()

ipvs_kernel_program(conformance conformance.cpp tool_runner.cpp table_dump.cpp)
if(TARGET conformance)
  target_link_libraries(conformance PRIVATE PkgConfig::LIBNL)
  ipvs_kernel_test(conformance 900 $<TARGET_FILE:conformance>)
endif()

foreach(script walkthrough directors ldirectord examples)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/kernel/${script}.sh)
    ipvs_kernel_test(${script} 300 bash ${CMAKE_CURRENT_SOURCE_DIR}/kernel/${script}.sh)
  endif()
endforeach()
