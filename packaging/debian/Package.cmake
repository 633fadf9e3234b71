# SPDX-License-Identifier: MIT
# What of Package.cmake is Debian's alone.
set(CPACK_DEB_COMPONENT_INSTALL ON)
# Debian's own ipvsadm has this epoch: ours is to sort above it.
set(CPACK_DEBIAN_PACKAGE_EPOCH 1)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_TOOL_PACKAGE_NAME ipvsadm)
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOL_PACKAGE_SUGGESTS "etcd-client, keepalived, ldirectord, prometheus-node-exporter")
set(CPACK_DEBIAN_TOOL_PACKAGE_CONTROL_EXTRA ${packaging}/debian/preinst ${packaging}/debian/postinst
                                            ${packaging}/debian/prerm ${packaging}/debian/postrm)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libipvs1)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
# The symbols are written by debian/Tree.cmake.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/symbols ${packaging}/debian/shlibs
                                               ${packaging}/debian/triggers)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libipvs-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libipvs1 (= ${CPACK_DEBIAN_PACKAGE_EPOCH}:${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libnl-3-dev, libnl-genl-3-dev"
)
set(CPACK_PRE_BUILD_SCRIPTS ${packaging}/debian/Tree.cmake)
set(CPACK_IPVS_PACKAGING ${packaging}/debian)
set(CPACK_IPVS_SYMBOLS ${PROJECT_SOURCE_DIR}/libipvs/libipvs.symbols)
set(CPACK_IPVS_BUILD ${PROJECT_BINARY_DIR})
# Of the architecture that is built for.
set(CPACK_IPVS_STRIP ${CMAKE_STRIP})
