# SPDX-License-Identifier: MIT
# For find_package(ipvs): the targets ipvs::static and ipvs::shared, as far as installed, and ipvs::ipvs, which is the
# shared one unless only the static one is here or ipvs_USE_STATIC_LIBS is on.
include(CMakeFindDependencyMacro)
include("${CMAKE_CURRENT_LIST_DIR}/ipvsTargets.cmake")

if(TARGET ipvs::shared AND NOT ipvs_USE_STATIC_LIBS)
  set(ipvs_kind shared)
else()
  set(ipvs_kind static)
  # The static library leaves it to its user to link what it needs.
  find_dependency(PkgConfig)
  pkg_check_modules(IPVS_LIBNL REQUIRED IMPORTED_TARGET libnl-3.0 libnl-genl-3.0)
endif()
if(NOT TARGET ipvs::ipvs)
  add_library(ipvs::ipvs ALIAS ipvs::${ipvs_kind})
endif()
unset(ipvs_kind)
