# What every built-in command must have. The lists that fail name the commands that lack it.
RSpec.describe 'the registry', pgredis_only: 'it is ours' do
  # Carried out by the proxy, with their subcommands: these may have no function.
  proxy_commands = %w[ping echo quit reset hello auth select client command multi exec discard watch unwatch subscribe unsubscribe
                      psubscribe punsubscribe ssubscribe sunsubscribe monitor shutdown debug config info slowlog latency acl
                      eval eval_ro evalsha evalsha_ro fcall fcall_ro script function]

  repository = File.expand_path('..', __dir__)
  text_of = ->(pattern) { (Dir[File.join(repository, pattern)] - [__FILE__]).map { |file| File.binread(file) }.join("\n") }
  specs = text_of.call('spec/**/*.rb').downcase
  pgtap = text_of.call('pgtap/**/*.sql')

  # One row a command, with the functions it may be (overloads) and how many of them have no COMMENT.
  let(:commands) do
    sql(<<~SQL)
      SELECT c.name, c.function, c.summary, pg_catalog.count(p.oid) AS functions,
             pg_catalog.count(p.oid) FILTER (WHERE pg_catalog.obj_description(p.oid, 'pg_proc') IS NULL) AS uncommented
      FROM redis.commands c
      LEFT JOIN (pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace)
           ON c.function IN (p.proname, n.nspname || '.' || p.proname) AND n.nspname IN ('public', 'redis')
      WHERE c.built_in
      GROUP BY c.name
      ORDER BY c.name
    SQL
  end

  def lacking
    commands.reject { |command| yield command }.map { |command| command['name'] }
  end

  # Is the command an argument somewhere: 'GET', "get", %w[get …]; a subcommand: 'OBJECT', 'ENCODING' or %w[OBJECT ENCODING]?
  word_lists = specs.scan(/%[wi]\[([^\]]*)\]/).map { |(list)| " #{list.split.join(' ')} " }
  define_method(:called?) do |name|
    words = name.split('|')
    specs.match?(/#{words.map { |word| "['\"]#{Regexp.escape(word)}['\"]" }.join(', *')}/) ||
      word_lists.any? { |list| list.include?(" #{words.join(' ')} ") }
  end

  it 'has commands' do
    expect(commands.size).to be > 50
  end

  it 'has a function for each, but for what the proxy does itself' do
    nobodys = lacking do |c|
      c['function'] ? c['functions'].positive? : container?(c) || proxy_commands.include?(c['name'][/\A[^|]+/])
    end
    expect(nobodys).to eq []
  end

  it 'has a COMMENT on each function' do
    expect(lacking { |c| c['uncommented'].zero? }).to eq []
  end

  it 'has a summary for each' do
    expect(lacking { |c| c['summary'].match?(/\S/) && !c['summary'].include?('WRITE YOUR OWN') }).to eq []
  end

  it 'has a spec that calls each' do
    expect(lacking { |c| container?(c) || called?(c['name']) }).to eq []
  end

  it 'has a pgTAP test that calls each function' do
    expect(lacking { |c| c['function'].nil? || pgtap.match?(/\b#{Regexp.escape(c['function'])}\b/) }).to eq []
  end

  def container?(command)
    commands.any? { |other| other['name'].start_with?("#{command['name']}|") }
  end
end
