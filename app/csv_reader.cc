#include "app/csv_reader.h"

namespace larder {

CsvReader::State CsvReader::Broken(const std::string& what) {
  problem_ = "line " + std::to_string(line_) + ": " + what;
  return State::kBroken;
}

void CsvReader::EndField() {
  record_.push_back(std::move(field_));
  field_.clear();
  quoted_ = false;
  place_ = Place::kFieldStart;
}

bool CsvReader::Take(char c) {
  const bool line_end = c == '\n' || c == '\r';
  switch (place_) {
    case Place::kQuoted:
      if (c == '"') {
        place_ = Place::kQuoteInQuoted;
      } else {
        field_.push_back(c);
      }
      return false;
    case Place::kQuoteInQuoted:
      if (c == '"') {
        field_.push_back('"');
        place_ = Place::kQuoted;
        return false;
      }
      if (c != ',' && !line_end) {
        Broken("after a closing quote only a comma or a line end may stand; double a quote inside");
        return false;
      }
      break;
    case Place::kFieldStart:
      if (c == '"') {
        place_ = Place::kQuoted;
        quoted_ = true;
        return false;
      }
      [[fallthrough]];
    case Place::kPlain:
      if (c == '"') {
        Broken("a quote stands inside an unquoted field; quote the whole field and double it");
        return false;
      }
      if (c != ',' && !line_end) {
        field_.push_back(c);
        place_ = Place::kPlain;
        return false;
      }
      break;
  }
  // A comma or a line end. An empty line is no record.
  if (line_end && record_.empty() && field_.empty() && !quoted_) return false;
  EndField();
  return line_end;
}

CsvReader::State CsvReader::Next(std::vector<std::string>& fields) {
  if (!problem_.empty()) return State::kBroken;
  if (!began_) {
    static constexpr std::string_view kMark = "\xef\xbb\xbf";
    const std::string_view head = std::string_view(buffer_).substr(0, kMark.size());
    if (head.size() < kMark.size() && kMark.starts_with(head) && !ended_) return State::kMore;
    if (head == kMark) position_ = kMark.size();
    began_ = true;
  }
  while (position_ < buffer_.size()) {
    const char c = buffer_[position_++];
    const bool crlf = c == '\n' && after_cr_;
    after_cr_ = c == '\r';
    if (crlf && place_ != Place::kQuoted) continue;  // its CR has ended the record
    const bool whole = Take(c);
    if (!problem_.empty()) return State::kBroken;
    if (c == '\r' || (c == '\n' && !crlf)) ++line_;
    if (whole || (record_.empty() && place_ == Place::kFieldStart)) {
      record_bytes_ = 0;
    } else if (++record_bytes_ > max_record_bytes_) {
      return Broken("the record is larger than " + std::to_string(max_record_bytes_) + " bytes");
    }
    if (record_.size() > kMaxFields) {
      return Broken("the record has more than " + std::to_string(kMaxFields) + " fields");
    }
    if (!whole) {
      if (record_.empty() && place_ == Place::kFieldStart) begun_line_ = line_;
      continue;
    }
    fields.swap(record_);
    record_.clear();
    record_line_ = begun_line_;
    begun_line_ = line_;
    return State::kRecord;
  }
  buffer_.clear();
  position_ = 0;
  if (!ended_) return State::kMore;
  if (place_ == Place::kQuoted) return Broken("a quote is not closed");
  if (place_ == Place::kFieldStart && record_.empty()) return State::kEnd;
  EndField();
  fields.swap(record_);
  record_.clear();
  record_line_ = begun_line_;
  return State::kRecord;
}

}  // namespace larder
