# SPDX-License-Identifier: MIT
# Programs of tests/run bench; no tests.
if(NOT COMMAND ipvs_kernel_program)
  return()
endif()
ipvs_kernel_program(bench ../bench/bench.cpp ../bench/runs.cpp)
ipvs_kernel_program(bench_counted ../bench/counted.cpp ../bench/runs.cpp)
ipvs_kernel_program(bench_floor ../bench/floor.cpp)
ipvs_kernel_program(bench_connections ../bench/connections.cpp)
# As the tool itself is linked.
foreach(program bench bench_counted bench_floor bench_connections)
  target_link_options(${program} PRIVATE -static-libstdc++ -static-libgcc)
endforeach()
