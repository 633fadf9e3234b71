// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "commands/kernel_modules.hpp"
#include "commands/run.hpp"
#include "commands/share.hpp"
#include "ipvs/error.hpp"
#include "output/watch_frame.hpp"
#include "output/watch_terminal.hpp"

namespace ipvsadm {
namespace {

std::string title(std::chrono::milliseconds interval) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}  every {:g} s", local, static_cast<double>(interval.count()) / 1000);
}

// Five resizes of the kernel's table of connections in a row are more than it does by itself.
constexpr int list_attempts = 5;
constexpr auto unloading_ends = std::chrono::milliseconds(100);

/// Leaves the listing in the output, kept back from stdout.
void make_listing(const Watch& watch, Context& context, Looks& looks) {
  Output& output = context.output();
  output.hold(true);
  for (int attempt = 1;; ++attempt) {
    try {
      list(watch.listing, context, looks);
      break;
    } catch (const IncompleteListing&) {
      output.discard();
      if (attempt == list_attempts) throw;
    } catch (const ipvs::Error& error) {
      output.discard();
      // Unloaded between two looks: Linux 5.10 does not load it for who asks, and none does so before that has ended.
      if (error.error_number() != ENOPROTOOPT || attempt == list_attempts) throw;
      if (attempt > 1) std::this_thread::sleep_for(unloading_ends);
      load_ipvs(Words::dropped);
    } catch (...) {
      // What fails half-way is not shown.
      output.discard();
      throw;
    }
  }
  output.hold(false);
}

void watch_terminal(const Watch& watch, Context& context) {
  Output& output = context.output();
  const char* no_color = std::getenv("NO_COLOR");
  FrameMaker frames(no_color == nullptr || *no_color == '\0');
  Looks looks(true);
  Watching watching(true);
  // The first look comes before the screen is touched: its failure is reported on the screen people are on.
  make_listing(watch, context, looks);
  std::vector<Row> listing = output.take_rows();
  watching.show();
  for (;;) {
    const Window window = window_size(STDOUT_FILENO);
    output.append(frames.draw(title(watch.interval), listing, window.rows, window.columns));
    output.flush();
    watching.pause(watch.interval);
    make_listing(watch, context, looks);
    listing = output.take_rows();
  }
}

void watch_pipe(const Watch& watch, Context& context) {
  Output& output = context.output();
  Looks looks(true);
  const Watching watching(false);
  for (bool first = true;; first = false) {
    // JSON is one object a line; tables are parted by an empty line.
    make_listing(watch, context, looks);
    const std::string listing = output.take_text();
    if (!first && !listing.starts_with('{')) output.append("\n");
    output.append(listing);
    output.flush();
    watching.pause(watch.interval);
  }
}

/// Whether stdout is a terminal that can be drawn on.
bool is_screen() {
  const char* kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

}  // namespace

void run_watch(const Watch& watch, Context& context) {
  // Either continues until a signal or a failure ends the program.
  if (is_screen()) {
    watch_terminal(watch, context);
  } else {
    watch_pipe(watch, context);
  }
}

}  // namespace ipvsadm
