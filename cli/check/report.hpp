// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "check/finding.hpp"
#include "line/resolver.hpp"
#include "output/output.hpp"

// Findings as text and as JSON. Pure but for the names looked up through `names`; without names (nullptr) all is
// numeric.
namespace ipvsadm {

/// A service's line, its findings below it, and how many there are in all. `place` is put in front of each command:
/// "ip netns exec red " for a network namespace, empty in the caller's own.
void render_findings(Text& text, const Findings& findings, std::size_t services, const std::string& place,
                     Names* names);

/// One object with "services" (their number) and "findings".
std::string json_findings(const Findings& findings, std::size_t services, const std::string& place);

}  // namespace ipvsadm
