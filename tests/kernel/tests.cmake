# SPDX-License-Identifier: MIT
# The tests that need a kernel with IPVS, each in a boot of its own. AddressSanitizer can't run in there.
if(IPVS_SANITIZE MATCHES address OR NOT TARGET ipvsadm)
  return()
endif()

# Builds whatever the kernel tests run.
add_custom_target(kernel_programs)
add_dependencies(kernel_programs ipvsadm)

# ipvs_kernel_test(NAME SECONDS COMMAND...): runs COMMAND as root in the kernel, in a work folder of its own.
function(ipvs_kernel_test name seconds)
  add_test(NAME kernel.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/kernel/boot ${CMAKE_BINARY_DIR}/kernel/${name} ${ARGN})
  # boot itself ends the kernel when the time is over, and tells why; CTest's limit is for boot.
  math(EXPR limit "${seconds} * 5 + 60")
  set_tests_properties(
    kernel.${name}
    PROPERTIES LABELS kernel
               TIMEOUT ${limit}
               ENVIRONMENT
               "IPVS_SOURCE=${PROJECT_SOURCE_DIR};IPVS_BUILD=${CMAKE_BINARY_DIR};IPVS_BOOT_TIMEOUT=${seconds};IPVS_ADM=$<TARGET_FILE:ipvsadm>")
endfunction()

# ipvs_kernel_program(NAME SOURCE...): a program that runs in the kernel.
function(ipvs_kernel_program name)
  list(TRANSFORM ARGN PREPEND kernel/)
  add_executable(${name} ${ARGN})
  ipvs_target(${name})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  add_dependencies(kernel_programs ${name})
endfunction()

# Those that take longest start first, or they run alone in the end.
function(ipvs_starts_early cost)
  list(TRANSFORM ARGN PREPEND kernel.)
  set_tests_properties(${ARGN} PROPERTIES COST ${cost})
endfunction()

# What starts all of them; it runs on the host.
add_test(NAME kernel.boot COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/kernel/boot_test.sh ${CMAKE_BINARY_DIR}/kernel/boot-test)
set_tests_properties(kernel.boot PROPERTIES LABELS kernel TIMEOUT 600 ENVIRONMENT "IPVS_ADM=unused")

ipvs_kernel_program(client_test client_test.cpp client_daemons_test.cpp client_lists_test.cpp client_refusals_test.cpp)
target_link_libraries(client_test PRIVATE ipvs::ipvs Catch2::Catch2WithMain)
ipvs_kernel_test(client 300 $<TARGET_FILE:client_test>)

ipvs_kernel_program(conformance conformance.cpp case_file.cpp tool_runner.cpp table_dump.cpp)
target_link_libraries(conformance PRIVATE PkgConfig::IPVS_LIBNL)
ipvs_kernel_test(conformance 900 $<TARGET_FILE:conformance>)
# What is done most, for kernels that are slow to run.
ipvs_kernel_test(conformance_core 300 $<TARGET_FILE:conformance> --only services:* --only servers:* --only listing:*
                 --only restore:* --only save:* --only daemons:*)

ipvs_kernel_program(differential differential.cpp command_lines.cpp tool_runner.cpp table_dump.cpp)
target_link_libraries(differential PRIVATE PkgConfig::IPVS_LIBNL)
# A fixed seed, and as many sequences as the time allows; tests/run --differential N for more.
ipvs_kernel_test(differential 300 $<TARGET_FILE:differential> --sequences 500 --seconds 120)

ipvs_kernel_program(save_restore save_restore.cpp tool_runner.cpp table_dump.cpp)
target_link_libraries(save_restore PRIVATE ipvs::ipvs PkgConfig::IPVS_LIBNL)
ipvs_kernel_test(save_restore 300 $<TARGET_FILE:save_restore>)

# Preloaded under the tool by memory.sh.
add_library(failing_malloc MODULE kernel/failing_malloc.cpp)
ipvs_target(failing_malloc)
add_dependencies(kernel_programs failing_malloc)
ipvs_kernel_test(memory 400 bash ${CMAKE_CURRENT_SOURCE_DIR}/kernel/memory.sh $<TARGET_FILE:failing_malloc>)

if(IPVS_BUILD_EXAMPLES)
  get_property(targets DIRECTORY ${PROJECT_SOURCE_DIR}/libipvs PROPERTY BUILDSYSTEM_TARGETS)
  list(FILTER targets INCLUDE REGEX ^example_)
  foreach(target ${targets})
    add_dependencies(kernel_programs ${target})
  endforeach()
endif()

foreach(script walkthrough directors ecmp ldirectord examples library_examples apply
  apply_lock apply_traffic check check_firewall check_healthy connections_filter connections_resize drain follow inject json keep module list_filter netns rules_files scheduler_twos
  metrics rights share signals socket watch)
  ipvs_kernel_test(${script} 400 bash ${CMAKE_CURRENT_SOURCE_DIR}/kernel/${script}.sh)
endforeach()
if(TARGET ipvsadm_static)
  add_dependencies(kernel_programs ipvsadm_static)
  ipvs_kernel_test(static 60 bash ${CMAKE_CURRENT_SOURCE_DIR}/kernel/static.sh $<TARGET_FILE:ipvsadm_static>)
endif()
# It needs two processors at once, which are free together only at the start.
ipvs_starts_early(400 follow)
ipvs_starts_early(300 conformance)
ipvs_starts_early(200 differential drain)
ipvs_starts_early(100 conformance_core apply check connections_resize)
# It measures how long a change takes to arrive: not beside two others.
set_tests_properties(kernel.follow PROPERTIES PROCESSORS 2)
