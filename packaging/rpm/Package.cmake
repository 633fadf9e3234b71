# SPDX-License-Identifier: MIT
# What of Package.cmake is for Fedora, Red Hat and their like alone.
set(rpm ${packaging}/rpm)
if(TARGET ipvsadm)
  install(
    FILES ${rpm}/ipvsadm-config
    DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/sysconfig
    COMPONENT tool)
endif()
# The notices of what is compiled in, too.
foreach(name IN ITEMS tool:ipvsadm library:libipvs development:libipvs-devel)
  string(REPLACE ":" ";" name ${name})
  list(GET name 0 component)
  list(GET name 1 package)
  install(
    FILES ${packaging}/debian/copyright
    DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/${package}
    COMPONENT ${component})
endforeach()

set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_PRE_BUILD_SCRIPTS ${rpm}/Tree.cmake)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_RELEASE 1)
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_PACKAGE_VENDOR "ipvsadm maintainers")
set(CPACK_RPM_PACKAGE_RELOCATABLE OFF)
set(CPACK_RPM_PACKAGE_GROUP Unspecified)
set(CPACK_RPM_CHANGELOG_FILE ${rpm}/changelog)
# Owned by the distribution's own packages.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
    /etc /etc/sysconfig /usr/sbin /usr/lib/systemd /usr/lib/systemd/system /usr/share/bash-completion
    /usr/share/bash-completion/completions /usr/share/fish /usr/share/fish/vendor_completions.d /usr/share/zsh
    /usr/share/zsh/site-functions /usr/share/licenses /usr/lib64/cmake /usr/lib64/pkgconfig /usr/share/man
    /usr/share/man/man3 /usr/share/man/man8)
# Nobody debugs the stripped files, and links by build number are the distribution's.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none")

set(CPACK_RPM_TOOL_PACKAGE_NAME ipvsadm)
# CLI11, compiled in, is under the second.
set(CPACK_RPM_TOOL_PACKAGE_LICENSE "MIT AND BSD-3-Clause")
set(CPACK_RPM_TOOL_USER_FILELIST "%config(noreplace) /etc/sysconfig/ipvsadm-config")
set(CPACK_RPM_TOOL_POST_INSTALL_SCRIPT_FILE ${rpm}/post)
set(CPACK_RPM_TOOL_PRE_UNINSTALL_SCRIPT_FILE ${rpm}/preun)
set(CPACK_RPM_TOOL_POST_UNINSTALL_SCRIPT_FILE ${rpm}/postun)

set(CPACK_RPM_LIBRARY_PACKAGE_NAME libipvs)
set(CPACK_RPM_LIBRARY_POST_INSTALL_SCRIPT_FILE ${rpm}/ldconfig)
set(CPACK_RPM_LIBRARY_POST_UNINSTALL_SCRIPT_FILE ${rpm}/ldconfig)

set(CPACK_RPM_DEVELOPMENT_PACKAGE_NAME libipvs-devel)
set(CPACK_RPM_DEVELOPMENT_PACKAGE_REQUIRES
    "libipvs = ${PROJECT_VERSION}-${CPACK_RPM_PACKAGE_RELEASE}, pkgconfig(libnl-3.0), pkgconfig(libnl-genl-3.0)")

# RPM takes the summary from elsewhere than the description's first line, and wants a capital letter.
foreach(component IN ITEMS TOOL LIBRARY DEVELOPMENT)
  string(FIND "${CPACK_COMPONENT_${component}_DESCRIPTION}" "\n" end)
  string(SUBSTRING "${CPACK_COMPONENT_${component}_DESCRIPTION}" 0 ${end} summary)
  string(SUBSTRING "${summary}" 0 1 first)
  string(TOUPPER "${first}" first)
  string(REGEX REPLACE "^." "${first}" CPACK_RPM_${component}_PACKAGE_SUMMARY "${summary}")
  math(EXPR begin "${end} + 1")
  string(SUBSTRING "${CPACK_COMPONENT_${component}_DESCRIPTION}" ${begin} -1 CPACK_RPM_${component}_PACKAGE_DESCRIPTION)
endforeach()
