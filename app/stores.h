// Stores: the two databases of a data directory as the rest of the server uses them: opened again
// by themselves when they fail, sealed where there is a key, written beside the event loops.
// Thread-safety: Start, Stop and Flush from one thread; the rest from any.
#pragma once

#include <memory>

#include "app/databases.h"
#include "app/encryption.h"
#include "cache/off_loop_store.h"

namespace larder {

class Stores {
 public:
  // `config`, `clock` and `log` outlive it.
  Stores(const Config& config, std::unique_ptr<Encryption> encryption, const Clock& clock,
         Log& log);

  // For callers on event loops, or on any other thread.
  OffLoopStore& cache() { return cache_.beside_loops; }
  OffLoopStore& data() { return data_.beside_loops; }
  const OffLoopStore& cache() const { return cache_.beside_loops; }
  const OffLoopStore& data() const { return data_.beside_loops; }
  // The databases themselves: for who may wait for a disk.
  Store& cache_disk() { return *cache_.disk; }
  Store& data_disk() { return *data_.disk; }
  Encryption& encryption() { return *encryption_; }

  StoreHealth cache_health() const { return cache_.database.health(); }
  StoreHealth data_health() const { return data_.database.health(); }

  // From now on they look after themselves, and each change of one is logged and then told, on its
  // own thread.
  void Start(ReopeningStore::Observer on_cache, ReopeningStore::Observer on_data);
  void Stop();
  // Writes what waits, and makes it durable. What goes wrong is logged.
  void Flush();

 private:
  struct Part {
    Part(std::unique_ptr<ReopeningStore> opened, Encryption& encryption, Database which)
        : database(*opened), disk(encryption.Over(std::move(opened), which)), beside_loops(*disk) {}
    ReopeningStore& database;  // `disk`, or what it seals
    const std::unique_ptr<Store> disk;
    OffLoopStore beside_loops;
  };

  Log& log_;
  const std::unique_ptr<Encryption> encryption_;
  Part cache_;
  Part data_;
};

}  // namespace larder
