// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "commands/error_text.hpp"
#include "commands/run.hpp"
#include "ipvs/batch.hpp"
#include "line/failure.hpp"
#include "line/rules_file.hpp"

namespace ipvsadm {
namespace {

/// Carries rules out in order, changes in batches. Refusals are told with their lines; the rest goes on.
class RuleRunner {
 public:
  explicit RuleRunner(Context& context) : context_(context), batch_(context.client()) {}

  void run(const Rule& rule) {
    const Command command = rule.command();
    if (const auto* change = std::get_if<ipvs::Change>(&command)) {
      batch_.add(*change);
      lines_.push_back(static_cast<std::uint32_t>(rule.line()));
      return;
    }
    // A listing in the middle must show what was done so far.
    finish();
    try {
      // A drain that gave up has told why.
      if (ipvsadm::run(command, context_) != status_done) refused_ = true;
    } catch (const Failure& failure) {
      tell(rule.line(), failure.what());
    } catch (const ipvs::Error& error) {
      tell(rule.line(), refusal_text(error));
    }
  }

  void finish() {
    for (const ipvs::Batch::Refusal& refusal : batch_.finish()) {
      tell(lines_[refusal.number], refusal_text(refusal.error));
    }
  }

  bool refused() const { return refused_; }

 private:
  void tell(std::size_t line, const std::string& message) {
    refused_ = true;
    ipvsadm::tell(fmt::format("line {}: {}", line, message));
  }

  Context& context_;
  ipvs::Batch batch_;
  std::vector<std::uint32_t> lines_;  ///< by the batch's numbers
  bool refused_ = false;
};

}  // namespace

int run_restore(const Restore& restore, Context& context) {
  Parser parser(context.names());
  const Rules rules =
      read_rules(RulesFile::standard_input(), restore.comments ? Comments::skipped : Comments::refused, parser);
  // Without rights every rule would be refused; say so once.
  context.client().info();
  if (restore.replace) context.client().flush();
  RuleRunner runner(context);
  for (const Rule& rule : rules) runner.run(rule);
  runner.finish();
  return runner.refused() ? status_refused : status_done;
}

}  // namespace ipvsadm
