// SPDX-License-Identifier: MIT
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "frame.hpp"
#include "run.hpp"
#include "signals.hpp"

namespace ipvsadm {
namespace {

void append(Output& output, std::string_view text) { output.text().append(text.data(), text.data() + text.size()); }

struct Window {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

Window window_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {size.ws_row, size.ws_col};
}

/// The terminal's other screen without a cursor; the screen and the cursor that were there come back at the end.
class Screen {
 public:
  explicit Screen(Output& output) : output_(output) {
    append(output_, "\x1b[?1049h\x1b[?25l");
    output_.flush();
  }
  ~Screen() {
    try {
      append(output_, "\x1b[?25h\x1b[?1049l");
      output_.flush();
    } catch (const std::exception&) {
      // The terminal is gone; there is nothing left to restore.
    }
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

 private:
  Output& output_;
};

std::string title(std::chrono::milliseconds interval) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}  every {:g} s", local, static_cast<double>(interval.count()) / 1000);
}

/// The listing alone, kept back from stdout.
std::string take_listing(const Watch& watch, Context& context) {
  Output& output = context.output();
  output.hold(true);
  list(watch.listing, context);
  output.hold(false);
  std::string text(output.text().data(), output.text().size());
  output.text().clear();
  return text;
}

void watch_terminal(const Watch& watch, Context& context) {
  Output& output = context.output();
  const char* no_color = std::getenv("NO_COLOR");
  FrameMaker frames(no_color == nullptr || *no_color == '\0');
  // The first look comes before the screen is touched: its failure is told on the screen people are on.
  std::string listing = take_listing(watch, context);
  const Screen screen(output);
  while (Interruption::signal_number() == 0) {
    const Window window = window_size();
    append(output, frames.draw(title(watch.interval), listing, window.rows, window.columns));
    output.flush();
    Interruption::pause(watch.interval);
    if (Interruption::signal_number() == 0) listing = take_listing(watch, context);
  }
}

void watch_pipe(const Watch& watch, Context& context) {
  for (bool first = true; Interruption::signal_number() == 0; first = false) {
    // JSON is one object a line; tables are parted by an empty line.
    const std::string listing = take_listing(watch, context);
    if (!first && !listing.starts_with('{')) append(context.output(), "\n");
    append(context.output(), listing);
    context.output().flush();
    Interruption::pause(watch.interval);
  }
}

}  // namespace

int run_watch(const Watch& watch, Context& context) {
  const Interruption interruption;
  if (isatty(STDOUT_FILENO) == 1) {
    watch_terminal(watch, context);
  } else {
    watch_pipe(watch, context);
  }
  return 0;
}

}  // namespace ipvsadm
