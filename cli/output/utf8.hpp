// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace ipvsadm {

/// Any bytes as a JSON string, with its quotes. What is not UTF-8 becomes U+FFFD, one for each longest piece that could
/// have become a character.
std::string quoted_utf8(std::string_view bytes);

/// Whether all of it is ASCII without control characters.
bool is_plain(std::string_view bytes);

/// Any bytes as text that no terminal obeys: control characters (also those of two bytes, U+0080 to U+009F) and what is
/// not UTF-8 become \xNN, but for characters in `kept`.
std::string visible(std::string_view bytes, std::string_view kept = {});

}  // namespace ipvsadm
