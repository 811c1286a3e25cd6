# The jobs of spec/applications/sidekiq_spec.rb, and settings of the processes that run them: `sidekiq -r ./sidekiq/worker.rb`.

require 'sidekiq'
require 'sidekiq/launcher'
require 'sidekiq/scheduled'

Redis.sadd_returns_boolean = false # else it warns of each SADD

# One write, so that lines of several threads and processes do not mix.
def note(*words)
  File.open(ENV.fetch('JOURNAL'), 'a') { |file| file.syswrite("#{words.join(' ')}\n") }
end

def closed?(gate)
  File.exist?(File.join(ENV.fetch('SCRATCH'), gate))
end

# Begins, waits until no file of the gate's name is there, ends.
class Note
  include Sidekiq::Job

  def perform(id, gate = 'gate')
    note('begun', Process.pid, id)
    sleep 0.005 while closed?(gate)
    note('done', Process.pid, id)
  end
end

# Fails that many times, then succeeds.
class Flaky
  include Sidekiq::Job
  sidekiq_retry_in { 3600 }

  def perform(id, failures)
    attempt = Sidekiq.redis { |redis| redis.incr("attempts:#{id}") }
    note(attempt <= failures ? 'failed' : 'done', Process.pid, id)
    raise "no luck with #{id}" if attempt <= failures
  end
end

class Hopeless
  include Sidekiq::Job

  def perform(id)
    raise ArgumentError, "hopeless: #{id}"
  end
end

Sidekiq.options[:poll_interval_average] = 0.2

# Both happen every few seconds else, and what they do is looked at here.
module Sidekiq
  Launcher.send(:remove_const, :BEAT_PAUSE)
  Launcher::BEAT_PAUSE = 0.2

  class Scheduled::Poller
    def initial_wait; end
  end
end
