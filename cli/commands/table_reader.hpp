// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "commands/short_view.hpp"
#include "ipvs/client.hpp"
#include "line/command.hpp"

namespace ipvsadm {

/// Where a listing has services and servers from.
class TableReader {
 public:
  TableReader() = default;
  virtual ~TableReader() = default;
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  /// Whether counters and settings are lacking that everybody can't see.
  virtual bool is_short() const = 0;
  virtual ipvs::Info info() = 0;
  virtual std::vector<ipvs::ServiceEntry> services() = 0;
  /// Throws Error(get_service) ESRCH.
  virtual ipvs::ServiceEntry service(const ipvs::ServiceKey& key) = 0;
  /// None when the service has gone since it was listed.
  virtual std::vector<ipvs::DestinationEntry> servers(const ipvs::ServiceKey& key) = 0;
};

/// The kernel's answers to those who have CAP_NET_ADMIN.
class KernelReader : public TableReader {
 public:
  explicit KernelReader(ipvs::Client& client) : client_(client) {}

  bool is_short() const override { return false; }
  ipvs::Info info() override { return client_.info(); }
  std::vector<ipvs::ServiceEntry> services() override { return client_.services(); }
  ipvs::ServiceEntry service(const ipvs::ServiceKey& key) override { return client_.service(key); }
  std::vector<ipvs::DestinationEntry> servers(const ipvs::ServiceKey& key) override;

 private:
  ipvs::Client& client_;
};

/// What everybody may see.
class ShortReader : public TableReader {
 public:
  explicit ShortReader(ShortView view);

  bool is_short() const override { return true; }
  ipvs::Info info() override { return view_.info; }
  std::vector<ipvs::ServiceEntry> services() override;
  ipvs::ServiceEntry service(const ipvs::ServiceKey& key) override;
  std::vector<ipvs::DestinationEntry> servers(const ipvs::ServiceKey& key) override;

 private:
  const ShortView::Entry* find(const ipvs::ServiceKey& key) const;

  ShortView view_;
  std::vector<std::size_t> by_key_;  ///< places in the view, sorted by the services' keys
};

/// The services that a listing asks for, in the kernel's order. Throws Failure(255), or Error EPERM.
std::vector<ipvs::ServiceEntry> services_to_list(const ListServices& list, TableReader& table);

}  // namespace ipvsadm
