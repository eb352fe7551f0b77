// PlainConnection: one connection of a PlainEngine and the exchange that it serves: request out,
// answer in, then the next. Internal to proxy/upstream. Opening and ending are in
// plain_connection.cc, the ways out and in in plain_connection_send.cc and
// plain_connection_receive.cc. Thread-safety: its loop's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "proxy/http/body_decoder.h"
#include "proxy/upstream/plain_exchange.h"
#include "proxy/upstream/tcp_dial.h"

namespace larder {

class PlainLoop;

class PlainConnection : public std::enable_shared_from_this<PlainConnection> {
 public:
  // To where `authority` says. `loop` outlives it.
  PlainConnection(PlainLoop& loop, std::string authority)
      : loop_(loop), authority_(std::move(authority)) {}
  ~PlainConnection();
  PlainConnection(const PlainConnection&) = delete;
  PlainConnection& operator=(const PlainConnection&) = delete;

  const std::string& authority() const { return authority_; }

  // Connects, then serves `exchange`.
  void Open(std::shared_ptr<PlainExchange> exchange);
  // Serves one more. Precondition: idle.
  void Serve(std::shared_ptr<PlainExchange> exchange);

  // Lets go of the socket, and of an exchange with `error`; the loop is told (OnClosed).
  void Fail(const Error& error);
  // The same without telling the loop.
  void Close(const Error& error);

  // Calls of the exchange's reader and writer, and of the loop's tick.
  void Cancel();
  void OnRoom();
  void OnUploadReady();
  void OnTick(MonoTime now);

 private:
  void Dial();
  void OnDialed(Result<int> fd);
  void BeginExchange();
  void OnEvents(std::uint32_t events);
  // Asks for the events that it waits for now.
  void UpdateInterest();
  void CloseSocket();

  // Sends what is there; goes on by itself until all of the request is out.
  void Send();
  // Gets the next bytes of a streamed body; false when that failed, and the exchange with it.
  bool FillUpload();
  void StopSending();

  void Receive();
  void Take(std::string_view bytes);
  // The head is there; `bytes` came with it.
  void TakeHead(std::string_view bytes);
  void TakeBody(std::string_view bytes);
  // The answer is whole; `surplus`: more came than it has. Ends the exchange, at once or when the
  // rest of the request is out: an early answer that is no refusal does not stop it.
  void EndAnswer(bool surplus);
  void Finish();
  void Lose(std::string reason);

  PlainLoop& loop_;
  const std::string authority_;
  std::shared_ptr<TcpDial> dial_;  // shared with its own calls
  int fd_ = -1;
  std::uint32_t interest_ = 0;  // what the loop watches for; 0: not at all
  bool served_ = false;         // an exchange before this one
  MonoTime idle_since_{};
  std::shared_ptr<PlainExchange> exchange_;  // shared with its caller; null while idle

  // The request.
  std::size_t head_sent_ = 0;
  std::size_t body_sent_ = 0;  // of the body, or of upload_
  std::string upload_;         // framed bytes of a streamed body
  std::uint64_t upload_left_ = 0;
  bool upload_ended_ = false;  // the last of it is in upload_
  bool upload_waits_ = false;  // for its writer
  bool send_blocked_ = false;  // until the socket takes more
  bool send_over_ = false;     // no more is sent
  bool sent_whole_ = false;

  // The answer.
  bool received_ = false;  // a byte of it
  std::optional<ReplyReader> reader_;
  bool streaming_ = false;  // its head was delivered
  bool receive_paused_ = false;
  bool answered_ = false;  // the answer is whole
  bool surplus_ = false;   // and bytes came behind it
  ReplyReader::Framing framing_ = ReplyReader::Framing::kNone;
  bool keep_alive_ = false;
  std::uint64_t length_left_ = 0;
  std::optional<BodyDecoder> decoder_;
};

}  // namespace larder
