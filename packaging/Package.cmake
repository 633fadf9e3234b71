# SPDX-License-Identifier: MIT
# The Debian packages ipvsadm, libipvs1 and libipvs-dev: cmake --preset package, cmake --build --preset package, then
# cpack in build/package. Their files are the install components tool, library and development.
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

if(TARGET ipvsadm)
  # Written when it is installed: only then the prefix is known.
  install(
    CODE "
    set(sbindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
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
    FILES ${packaging}/ipvsadm.rules ${packaging}/ipvsadm-follow.conf
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ipvsadm/examples
    COMPONENT tool)
endif()
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/libipvs/examples/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libipvs-dev/examples
  COMPONENT development)

# Else CPack begins every description with it.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_GENERATOR DEB)
# The files go to DESTDIR/usr then, so that what is written for a prefix is written for /usr.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL tool library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_CONTACT "ipvsadm maintainers <maintainers@ipvsadm.invalid>")

# Debian's own ipvsadm has this epoch: ours is to sort above it.
set(CPACK_DEBIAN_PACKAGE_EPOCH 1)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_TOOL_PACKAGE_NAME ipvsadm)
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOL_PACKAGE_SUGGESTS "etcd-client, keepalived, ldirectord")
set(CPACK_DEBIAN_TOOL_PACKAGE_CONTROL_EXTRA ${packaging}/debian/preinst ${packaging}/debian/postinst
                                            ${packaging}/debian/prerm ${packaging}/debian/postrm)
set(CPACK_COMPONENT_TOOL_DESCRIPTION
    "administration of the kernel's IPVS load balancer
ipvsadm sets up, changes and lists the virtual services of IPVS, the Linux
kernel's layer-4 load balancer, and the real servers behind them. It takes
the command lines and rules files of ipvsadm 1.31.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libipvs1)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
# The symbols are written by debian/Tree.cmake.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/symbols ${packaging}/debian/shlibs
                                               ${packaging}/debian/triggers)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
    "C++ library for the kernel's IPVS load balancer
libipvs reads and changes the virtual services and real servers of IPVS, the
Linux kernel's layer-4 load balancer, over generic netlink.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libipvs-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libipvs1 (= ${CPACK_DEBIAN_PACKAGE_EPOCH}:${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libnl-3-dev, libnl-genl-3-dev"
)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "C++ library for the kernel's IPVS load balancer (development files)
libipvs reads and changes the virtual services and real servers of IPVS, the
Linux kernel's layer-4 load balancer, over generic netlink.

This package has what is needed to build programs with it.")

set(CPACK_PRE_BUILD_SCRIPTS ${packaging}/debian/Tree.cmake)
set(CPACK_IPVS_PACKAGING ${packaging}/debian)
set(CPACK_IPVS_SYMBOLS ${PROJECT_SOURCE_DIR}/libipvs/libipvs.symbols)
set(CPACK_IPVS_BUILD ${PROJECT_BINARY_DIR})
include(CPack)
