# The original design: Thin on EventMachine, a job that refreshes a global hash once a second, and polls that occupy a
# thread of the pool, sleep half a second and look again, for up to a minute. Posts have threads of their own; in
# EventMachine's pool they would wait behind the polls.
# usage: ruby server.rb SOCKET PGHOST DATABASE
require 'digest'
require 'eventmachine'
require 'json'
require 'pg'
require 'thin'

SOCKET, HOST, DATABASE = ARGV
THREADS = 20
POLL_SECONDS = 55

def connect
  PG.connect(host: HOST, user: 'pollster_owner', dbname: DATABASE)
end

# A few database connections, each for one thread at a time.
class Pool
  def initialize(size)
    @free = Queue.new
    size.times { @free << connect }
  end

  def use
    db = @free.pop
    yield db
  ensure
    @free << db if db
  end
end

class Chat
  ASYNC = [-1, {}, []].freeze
  POST = %r{/walls/(\d+)/posts\z}.freeze

  def initialize
    @db = Pool.new(8)
    @hash = {} # wall => newest id
    @sessions = {}
    @posts = Queue.new
    4.times { Thread.new { loop { work(*@posts.pop) { |env, body| post(env, body) } } } }
  end

  # The job of once a second.
  def refresh
    @hash = @db.use { |db| db.exec('select wall_id, max(number) as newest from thin.posts group by wall_id') }
               .to_h { |row| [row['wall_id'], row['newest'].to_i] }
  end

  def call(env)
    return json(200, '{"ack":"huzzah!"}') if env['REQUEST_METHOD'] == 'GET'

    body = env['rack.input'].read
    reply = env['async.callback']
    if env['PATH_INFO'] =~ POST
      @posts << [env, body, reply]
    else
      EM.defer { work(env, body, reply) { |e, b| poll(e, b) } }
    end
    ASYNC
  end

  private

  def work(env, body, reply)
    answer = begin
      yield env, body
    rescue StandardError => e
      warn e.full_message
      json(500, '{"errors":["Something went wrong."]}')
    end
    EM.next_tick { reply.call(answer) }
  end

  def json(status, body)
    [status, { 'Content-Type' => 'application/json', 'Cache-Control' => 'no-store', 'Content-Length' => body.bytesize.to_s }, [body]]
  end

  def user_of(env)
    token = env['HTTP_AUTHORIZATION'].to_s.delete_prefix('Bearer ')
    @sessions[token] ||= @db.use do |db|
      db.exec_params('select user_id from pollster.sessions where token_hash = $1 and expires_at > now()',
                     [{ value: Digest::SHA256.digest(token), format: 1 }]).getvalue(0, 0)
    end
  end

  def poll(env, body)
    user_of(env)
    wall, last = JSON.parse(body)['last_post_id'].first
    deadline = Time.now + POLL_SECONDS
    while @hash.fetch(wall, 0) <= last
      return json(200, '{"walls":{}}') if Time.now > deadline

      sleep 0.5
    end
    rows = @db.use do |db|
      db.exec_params('select number, post_id, user_id, body, created_at from thin.posts where wall_id = $1 and number > $2 order by number',
                     [wall, last])
    end
    posts = rows.map do |r|
      { id: r['number'].to_i, post_id: r['post_id'].to_i, kind: 'post', user_id: r['user_id'].to_i, user_name: 'user', body: r['body'],
        created_at: r['created_at'] }
    end
    json(200, JSON.generate(walls: { wall => { posts: posts } }))
  end

  def post(env, body)
    user = user_of(env)
    given = JSON.parse(body)
    row = @db.use do |db|
      db.exec_params('with wall as (update thin.walls set newest = newest + 1 where id = $1 returning newest)
                      insert into thin.posts (wall_id, number, user_id, body, client_key) select $1, newest, $2, $3, $4 from wall
                      returning number', [env['PATH_INFO'][POST, 1], user, given['body'], given['client_key']])
    end
    json(201, JSON.generate(post: { id: row.getvalue(0, 0).to_i, body: given['body'] }))
  end
end

connect.exec("create schema if not exists thin;
  create table if not exists thin.walls (id bigint primary key, newest bigint not null default 0);
  insert into thin.walls select id from pollster.walls on conflict do nothing;
  create table if not exists thin.posts (post_id bigserial primary key, wall_id bigint not null, number bigint not null, user_id bigint,
    body text not null, client_key text unique, created_at timestamptz not null default now(), unique (wall_id, number))")

EM.epoll
EM.set_descriptor_table_size(19_900)
EM.threadpool_size = THREADS
chat = Chat.new
Thin::Logging.silent = true
server = Thin::Server.new(SOCKET, chat, signals: false)
server.timeout = 120
server.maximum_connections = 19_900
server.maximum_persistent_connections = 19_900
trap('TERM') { exit! }
EM.run do
  server.start
  File.chmod(0o666, SOCKET)
  Thread.new do
    loop do
      chat.refresh
      sleep 1
    end
  end
end
