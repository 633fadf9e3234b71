// SPDX-License-Identifier: MIT
#pragma once

// Everything libipvs offers.
//
// What may change without a new name of the shared library (libipvs.so.1), and what may not:
//   - Functions are added. So are members of the classes that hold a State: Client, Batch, ConnectionReader.
//   - Enumerations get more values. A switch over one needs a default.
//   - The structs are plain: programs make them, copy them and know their size. A member that is added to Service,
//     Destination, Stats, their entries, Connection, Daemon, Timeouts, Info, a key or a change, a new kind of Change,
//     and a member of Table, Error, ApplyOptions or ApplyResult all make it libipvs.so.2: programs are to be compiled
//     anew, and Debian's packages
//     of both can be installed side by side. New members come last and have defaults, so sources still compile.
#include "ipvs/address.hpp"
#include "ipvs/apply.hpp"
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
#include "ipvs/version.hpp"
