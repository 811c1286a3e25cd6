# Connections to the database of pgredis, whose results come as Ruby values.

require 'pg'

module Database
  def self.connect(url)
    connection = PG.connect(url)
    registry = PG::BasicTypeRegistry.new.register_default_types
    registry.alias_type(0, 'char', 'text') # "char", as redis.keys.type
    connection.type_map_for_results = PG::BasicTypeMapForResults.new(connection, registry: registry)
    connection
  end
end
