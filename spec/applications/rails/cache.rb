# Scenario of spec/applications/ruby_spec.rb with Rails.cache over Redis: Active Support's RedisCacheStore.

require 'active_support'
require 'active_support/cache'
require 'active_support/cache/redis_cache_store'
require 'active_support/core_ext/numeric/time'
require 'json'

def open_cache(url)
  complain = ->(exception:, **) { raise exception }
  ActiveSupport::Cache::RedisCacheStore.new(url: url, namespace: 'app', expires_in: 100, error_handler: complain)
end

cache = open_cache(ENV.fetch('REDIS_URL'))
other = open_cache(ENV.fetch('OTHER_REDIS_URL'))
redis = Redis.new(url: ENV.fetch('REDIS_URL'))

large = 'x' * 5000
computed = 0
facts = { written: cache.write('a', { 'deep' => [1, :two, nil] }), read: other.read('a').to_s }
facts[:large] = cache.write('large', large) && other.read('large') == large
facts[:fetched] = [cache, other, cache].map { |store| store.fetch('computed') { computed += 1 } }
cache.write_multi('x' => 1, 'y' => 2)
facts[:multi] = other.read_multi('x', 'y', 'none')
facts[:fetch_multi] = other.fetch_multi('y', 'z') { |name| "made #{name}" }
facts[:counted] = [cache.increment('n'), other.increment('n', 5), cache.decrement('n', 2), other.read('n', raw: true)]
facts[:counter_expires] = [cache.increment('m', 1, expires_in: 50), redis.ttl('app:m').between?(40, 50)]
facts[:unless_exist] = [cache, other].map { |store| store.write('once', 1, unless_exist: true) }
facts[:exist] = [other.exist?('once'), other.exist?('never')]
facts[:expires] = redis.ttl('app:a').between?(90, 100)
cache.write('short', 1, expires_in: 0.05)
sleep 0.01 while redis.exists?('app:short')
facts[:gone] = other.read('short')
facts[:deleted] = [cache.delete('once'), cache.delete('once'), cache.delete_multi(%w[x y none])]
cache.delete_matched('comp*')
facts[:matched] = other.read('computed')
cache.clear
facts[:cleared] = redis.keys('*')
puts JSON.generate(facts)
