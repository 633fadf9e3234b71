# SPDX-License-Identifier: MIT
# What is installed beside the programs themselves.
if(COMMAND ipvs_kernel_test)
  ipvs_kernel_test(completions 300 bash ${CMAKE_CURRENT_SOURCE_DIR}/package/completions.sh)
  if(IPVS_INSTALL AND PROJECT_IS_TOP_LEVEL)
    ipvs_kernel_test(service 120 bash ${CMAKE_CURRENT_SOURCE_DIR}/package/service.sh)
  endif()
endif()

if(NOT IPVS_SANITIZE AND IPVS_INSTALL AND IPVS_BUILD_SHARED)
  add_test(NAME package.library COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/library.sh ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  add_test(NAME package.install COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/install.sh ${PROJECT_SOURCE_DIR}
                                        ${CMAKE_BINARY_DIR})
  # Makes its own build; what debootstrap fetched stays in there, and package.service boots what was packed.
  add_test(NAME package.deb COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/deb.sh ${PROJECT_SOURCE_DIR}
                                    ${CMAKE_BINARY_DIR}/package)
  add_test(NAME package.service COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/systemd.sh ${PROJECT_SOURCE_DIR}
                                        ${CMAKE_BINARY_DIR}/package)
  add_test(NAME package.rpm COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/rpm.sh ${PROJECT_SOURCE_DIR}
                                    ${CMAKE_BINARY_DIR}/rpm ${CMAKE_BINARY_DIR}/package)
  set_tests_properties(package.library package.install package.deb package.service package.rpm PROPERTIES LABELS package TIMEOUT 1200)
  set_tests_properties(package.service PROPERTIES DEPENDS package.deb)
  # Both write the unit into the build.
  set_tests_properties(package.library package.install PROPERTIES RESOURCE_LOCK installation)
endif()
