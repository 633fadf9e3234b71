# SPDX-License-Identifier: MIT
# The packages: cmake --preset package, cmake --build --preset package, then cpack in build/package makes Debian's ipvsadm,
# libipvs1 and libipvs-dev; the preset rpm makes ipvsadm, libipvs and libipvs-devel for Fedora, Red Hat and their like. Their
# files are the install components tool, library and development.
set(packaging ${PROJECT_SOURCE_DIR}/packaging)
if(NOT IPVS_PACKAGE MATCHES "^(DEB|RPM)$")
  message(FATAL_ERROR "IPVS_PACKAGE is neither DEB nor RPM: ${IPVS_PACKAGE}")
endif()

# Where the distribution's ipvsadm has its rules and settings.
if(IPVS_PACKAGE STREQUAL RPM)
  set(rules_file /etc/sysconfig/ipvsadm)
  set(settings_file /etc/sysconfig/ipvsadm-config)
  set(development_package libipvs-devel)
  set(saves_on_stop ${packaging}/rpm/saves_on_stop.in)
else()
  set(rules_file /etc/ipvsadm.rules)
  set(settings_file /etc/default/ipvsadm)
  set(development_package libipvs-dev)
  set(saves_on_stop /dev/null)
endif()

if(TARGET ipvsadm)
  # Written when it is installed: only then the prefix is known.
  install(
    CODE "
    set(sbindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
    set(rules_file ${rules_file})
    set(settings_file ${settings_file})
    file(READ \"${saves_on_stop}\" saves_on_stop)
    string(CONFIGURE \"\${saves_on_stop}\" saves_on_stop @ONLY)
    foreach(unit ipvsadm.service ipvsadm-follow@.service)
      configure_file(\"${packaging}/\${unit}.in\" \"${PROJECT_BINARY_DIR}/\${unit}\" @ONLY)
      file(INSTALL \"${PROJECT_BINARY_DIR}/\${unit}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")
    endforeach()"
    COMPONENT tool)
  install(
    PROGRAMS ${packaging}/ipvsadm-follow
    DESTINATION ${CMAKE_INSTALL_SBINDIR}
    COMPONENT tool)
  install(
    FILES ${packaging}/ipvsadm.rules ${packaging}/ipvsadm-follow.conf ${packaging}/ipvsadm-metrics.service
          ${packaging}/ipvsadm-metrics.timer
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ipvsadm/examples
    COMPONENT tool)
endif()
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/libipvs/examples/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${development_package}/examples
  COMPONENT development)

# Else CPack begins every description with it.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_GENERATOR ${IPVS_PACKAGE})
# The files go to DESTDIR/usr then, so that what is written for a prefix is written for /usr.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL tool library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_CONTACT "ipvsadm maintainers <maintainers@ipvsadm.invalid>")

set(CPACK_COMPONENT_TOOL_DESCRIPTION
    "administration of the kernel's IPVS load balancer
ipvsadm sets up, changes and lists the virtual services of IPVS, the Linux
kernel's layer-4 load balancer, and the real servers behind them. It takes
the command lines and rules files of ipvsadm 1.31.")

set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
    "C++ library for the kernel's IPVS load balancer
libipvs reads and changes the virtual services and real servers of IPVS, the
Linux kernel's layer-4 load balancer, over generic netlink.")

set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "C++ library for the kernel's IPVS load balancer (development files)
libipvs reads and changes the virtual services and real servers of IPVS, the
Linux kernel's layer-4 load balancer, over generic netlink.

This package has what is needed to build programs with it.")

if(IPVS_PACKAGE STREQUAL RPM)
  include(${packaging}/rpm/Package.cmake)
else()
  include(${packaging}/debian/Package.cmake)
endif()
include(CPack)
