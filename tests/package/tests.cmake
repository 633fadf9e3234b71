# SPDX-License-Identifier: MIT
# What is installed beside the programs themselves.
if(COMMAND ipvs_kernel_test)
  ipvs_kernel_test(completions 300 bash ${CMAKE_CURRENT_SOURCE_DIR}/package/completions.sh)
endif()

if(NOT IPVS_SANITIZE AND IPVS_INSTALL AND IPVS_BUILD_SHARED)
  add_test(NAME package.library COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/library.sh ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  set_tests_properties(package.library PROPERTIES LABELS package TIMEOUT 1200)
endif()
