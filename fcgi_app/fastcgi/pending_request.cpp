#include "fcgi_app/fastcgi/pending_request.hpp"

#include "fcgi_app/fastcgi/connection.hpp"

#include <utility>

namespace fastcgi {

pending_request::pending_request(connection& c, request_id id, bool keep_conn, bool late)
    : connection_(&c)
    , id_(id)
    , keep_conn_(keep_conn)
    , late_(late)
{
}

pending_request::~pending_request()
{
    if (connection_ != nullptr) {
        connection_->abandon(*this);
    }
}

void pending_request::begin(std::string_view head)
{
    wait_until_it_reads();
    if (connection_ != nullptr) {
        connection_->write(*this, head);
        only_begun_ = true;
    }
}

// What follows the head does not wait once more: it was the head that waited for both.
void pending_request::write(std::string_view bytes)
{
    if (!std::exchange(only_begun_, false)) {
        wait_until_it_reads();
    }
    if (connection_ != nullptr) {
        connection_->write(*this, bytes);
    }
}

void pending_request::write(std::span<std::string_view> parts)
{
    only_begun_ = false;
    if (connection_ != nullptr) {
        connection_->begin_large();
    }
    while (!parts.empty() && connection_ != nullptr) {
        connection_->wait_for_turn(*this);
        if (connection_ != nullptr) {
            parts = connection_->send_piece(id_, parts);
        }
    }
    if (connection_ != nullptr) {
        connection_->end_large();
    }
}

void pending_request::flush()
{
    if (connection_ != nullptr) {
        connection_->send_written();
    }
}

void pending_request::end()
{
    if (connection_ != nullptr) {
        connection_->end(*this);
    }
}

bool pending_request::full() const
{
    return connection_ != nullptr && connection_->full();
}

void pending_request::wait_until_it_reads()
{
    if (connection_ != nullptr) {
        connection_->wait_for_room(*this);
    }
}

void pending_request::on_disconnect(disconnect_listener* listener)
{
    listener_ = listener;
    if (gone_ && listener_ != nullptr) {
        std::exchange(listener_, nullptr)->on_disconnect();
    }
}

void pending_request::leave()
{
    gone_ = true;
    if (listener_ != nullptr) {
        std::exchange(listener_, nullptr)->on_disconnect();
    }
}

} // namespace fastcgi
