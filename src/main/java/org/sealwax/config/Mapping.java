package org.sealwax.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.sealwax.dns.DnsSettings;

/**
 * From sections to the rooms' settings, and the rules between keys. One mapping belongs to one
 * reading; complaints go there.
 */
final class Mapping {
  private final Reading reading;
  private final Path folder;

  /** Files are relative to {@code folder}. */
  Mapping(Reading reading, Path folder) {
    this.reading = reading;
    this.folder = folder;
  }

  Settings settings() {
    return new Settings(
        server(),
        listeners(),
        dns(),
        reading.one(Schema.Log.TABLE).get(Schema.Log.FORMAT),
        reading.one(Schema.Metrics.TABLE).find(Schema.Metrics.ADDRESS));
  }

  private Optional<Path> file(Section section, Key<Path> key) {
    return section.find(key).map(f -> folder.resolve(f).normalize());
  }

  private Server server() {
    Section s = reading.one(Schema.Server.TABLE);
    return new Server(
        s.find(Schema.Server.HOSTNAME),
        file(s, Schema.Server.STATE),
        s.find(Schema.Server.POSTMASTER));
  }

  private List<ListenerRow> listeners() {
    List<ListenerRow> rows =
        reading.rows(Schema.Listener.TABLE).stream()
            .map(
                s ->
                    new ListenerRow(
                        s.get(Schema.Listener.ADDRESS),
                        s.get(Schema.Listener.TLS),
                        s.get(Schema.Listener.REQUIRE_TLS),
                        s.get(Schema.Listener.FLOOR),
                        s.get(Schema.Listener.CLIENT_CERTIFICATE),
                        s.get(Schema.Listener.AUTH),
                        s.get(Schema.Listener.RESUMPTION)))
            .toList();
    return rows.isEmpty() ? List.of(ListenerRow.byDefault()) : rows;
  }

  private DnsSettings dns() {
    Section s = reading.one(Schema.Dns.TABLE);
    return new DnsSettings(
        s.get(Schema.Dns.RESOLVERS),
        s.get(Schema.Dns.ANCHORS),
        s.get(Schema.Dns.VALIDATION),
        s.get(Schema.Dns.TIMEOUT),
        s.get(Schema.Dns.TOTAL),
        s.get(Schema.Dns.CACHE),
        s.get(Schema.Dns.CONCURRENT));
  }
}
