# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# What every target of this project is compiled with.
function(ipvs_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(
    ${target}
    PROPERTIES CXX_EXTENSIONS OFF
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               POSITION_INDEPENDENT_CODE ON)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -ffunction-sections -fdata-sections
                      $<$<BOOL:${IPVS_WERROR}>:-Werror>)
  if(IPVS_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${IPVS_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${IPVS_SANITIZE})
  endif()
endfunction()
