// SPDX-License-Identifier: MIT
#pragma once

/// Marks what the shared library exports; everything else in it is hidden.
#define IPVS_EXPORT __attribute__((visibility("default")))
