// SPDX-License-Identifier: MIT
#pragma once

// Catch2 2.x has one header of this name, 3.x another.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
