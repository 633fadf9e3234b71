// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "ipvs/change.hpp"
#include "line/resolver.hpp"
#include "output/output.hpp"

namespace ipvsadm {

/// A change as the line that makes it: what -S writes, what --apply --dry-run prints, and what -R reads.
void render_rule(Text& text, const ipvs::Change& change, Names* names);
/// The same by itself, numeric and without its newline.
std::string rule_text(const ipvs::Change& change);

}  // namespace ipvsadm
