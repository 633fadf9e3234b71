# SPDX-License-Identifier: MIT
# What is installed beside the programs themselves.
if(COMMAND ipvs_kernel_test)
  ipvs_kernel_test(completions 300 bash ${CMAKE_CURRENT_SOURCE_DIR}/package/completions.sh)
endif()
