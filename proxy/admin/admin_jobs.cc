#include "proxy/admin/admin_jobs.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/openai/errors.h"

namespace larder {
namespace {

constexpr int kBackgroundNice = 10;

void YieldToServing() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kBackgroundNice);
}

}  // namespace

Response AdminJobs::RenderTooMany() {
  return RenderError(Error{ErrorCode::kOverloaded, ErrorOrigin::kSelf,
                           "too many jobs of the admin API are under way; retry when one ended"});
}

Response AdminJobs::Stream(std::function<bool(LineStream&)> job) {
  const auto lines = std::make_shared<LineStream>();  // owned by the job
  Response response;
  response.headers.Add("content-type", "application/x-ndjson");
  response.stream = lines->NewReader();
  const bool taken = pool_.Submit([this, lines, job = std::move(job)] {
    YieldToServing();
    {
      MutexLock lock(mutex_);
      streams_.insert(lines.get());
      if (stopping()) lines->Abandon();
    }
    const bool whole = job(*lines);
    {
      MutexLock lock(mutex_);
      streams_.erase(lines.get());
    }
    if (whole) lines->Finish();
  });
  return taken ? std::move(response) : RenderTooMany();
}

bool AdminJobs::RunAndWait(const std::function<void()>& job) {
  struct Ended {
    Mutex mutex;
    CondVar changed;
    bool done LARDER_GUARDED_BY(mutex) = false;
  };
  const auto ended = std::make_shared<Ended>();  // owned by this call and by the job
  const bool taken = pool_.Submit([&job, ended] {
    YieldToServing();
    job();
    MutexLock lock(ended->mutex);
    ended->done = true;
    ended->changed.NotifyAll();
  });
  if (!taken) return false;
  MutexLock lock(ended->mutex);
  while (!ended->done) ended->changed.Wait(ended->mutex);
  return true;
}

void AdminJobs::RequestStop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (LineStream* lines : streams_) lines->Abandon();
}

void AdminJobs::Stop() {
  RequestStop();
  pool_.Stop();
}

}  // namespace larder
