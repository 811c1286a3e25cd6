// Binary parameters of a statement on their way to libpq.
#pragma once

#include <string>
#include <vector>

#include "postgres/value.h"

namespace pgredis::postgres {

// Packed into one buffer, pointed to once the buffer no longer moves.
class Parameters {
 public:
    explicit Parameters(std::string& buffer) : buffer_(buffer) { buffer_.clear(); }
    void add_null() { ends_.push_back(std::string::npos); }
    // What was appended to the buffer since the last call is one parameter.
    void end() { ends_.push_back(buffer_.size()); }
    void finish() {
        std::size_t begin = 0;
        for (const auto end : ends_) {
            if (end == std::string::npos) {
                values_.push_back(nullptr);
                lengths_.push_back(0);
                continue;
            }
            values_.push_back(buffer_.data() + begin);
            lengths_.push_back(static_cast<int>(end - begin));
            begin = end;
        }
        formats_.assign(values_.size(), 1);
    }
    [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
    [[nodiscard]] const char* const* values() const { return values_.data(); }
    [[nodiscard]] const int* lengths() const { return lengths_.data(); }
    [[nodiscard]] const int* formats() const { return formats_.data(); }

 private:
    std::string& buffer_;
    std::vector<std::size_t> ends_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

}  // namespace pgredis::postgres
