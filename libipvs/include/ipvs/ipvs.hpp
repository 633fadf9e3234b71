// SPDX-License-Identifier: MIT
#pragma once

// Everything libipvs offers.
#include "ipvs/address.hpp"
#include "ipvs/batch.hpp"
#include "ipvs/change.hpp"
#include "ipvs/client.hpp"
#include "ipvs/config.hpp"
#include "ipvs/connection.hpp"
#include "ipvs/destination.hpp"
#include "ipvs/error.hpp"
#include "ipvs/netns.hpp"
#include "ipvs/service.hpp"
#include "ipvs/stats.hpp"
#include "ipvs/table.hpp"
