package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixes;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.config.Settings;
import org.sealwax.router.config.TlsReportsInRow;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.Delivery;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.reports.received.DoorSettings;
import org.sealwax.router.reports.received.ReportDesk;
import org.sealwax.router.reports.received.ReportDoor;
import org.sealwax.router.reports.received.ReportInbox;
import org.sealwax.router.reports.received.ReportShelf;
import org.sealwax.router.route.Directory;
import org.sealwax.router.route.ReportAddresses;

/** Reports from others about our domains: the shelf, the inbox, and the door for those by POST. */
public final class ReportsIn implements Closeable {
  /** How long a report waits for the DNS or the disk, at most. */
  private static final Duration PATIENCE = Duration.ofDays(1);

  private final @Nullable Late<Rooms> rooms;
  private final World world;
  private @Nullable ReportDoor door;

  /** What they work with. */
  public record World(
      Settings settings,
      Supplier<Settings> now,
      Resolver resolver,
      Supplier<TlsServer> tls,
      Clock clock,
      MailLog log) {}

  private record Rooms(ReportShelf shelf, ReportDesk desk, ReportInbox inbox) {}

  public ReportsIn(World world) {
    this.world = world;
    this.rooms =
        world.settings().tlsReportsIn().map(row -> new Late<>(() -> open(row))).orElse(null);
  }

  /**
   * Opens its folder.
   *
   * @throws UncheckedIOException when it cannot be used
   */
  public void open() {
    if (rooms != null) {
      var _ = rooms.get();
    }
  }

  /** Where the reports of a state folder are. */
  public static Path shelfIn(Path state) {
    return state.resolve("tlsrpt-received");
  }

  private Rooms open(TlsReportsInRow row) {
    try {
      ReportShelf shelf = ReportShelf.open(row.kept(), world.log());
      shelf.tidy(world.clock().now());
      ReportDesk desk = new ReportDesk(this::isOurs, shelf, world.clock());
      Duration half = world.settings().queue().schedule().lifetime().dividedBy(2);
      ReportInbox inbox =
          new ReportInbox(
              row.kept(),
              half.compareTo(PATIENCE) < 0 ? half : PATIENCE,
              new ReportInbox.World(
                  desk, world.resolver(), PublicSuffixes.bundled(), world.clock(), world.log()));
      return new Rooms(shelf, desk, inbox);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the folder of received TLS reports cannot be used: " + e.getMessage(), e);
    }
  }

  /** The domains of the configuration in force, and what is below them. */
  private boolean isOurs(Domain domain) {
    var forward = world.now().get().forward();
    return forward.aliasDomains().stream()
            .anyMatch(row -> domain.equals(row.domain()) || domain.isBelow(row.domain()))
        || forward.relayDomains().stream()
            .anyMatch(row -> domain.equals(row.domain()) || domain.isBelow(row.domain()));
  }

  /** A directory that knows the addresses of reports too. */
  public static Directory before(Settings settings, Directory directory) {
    List<Mailbox> addresses =
        settings.tlsReportsIn().map(TlsReportsInRow::addresses).orElse(List.of());
    return addresses.isEmpty() ? directory : new ReportAddresses(addresses, directory);
  }

  /** A delivery that reads reports, and hands all else on. */
  public Delivery before(Delivery further) {
    return consignment ->
        consignment.nextHop() instanceof NextHop.Reports
            ? read(consignment)
            : further.deliver(consignment);
  }

  private Map<Long, Outcome> read(Consignment consignment) throws InterruptedException {
    Late<Rooms> late = rooms;
    if (late != null) {
      return late.get().inbox().deliver(consignment);
    }
    Outcome waits =
        new Outcome.Deferred(
            new Cause(
                "tlsrpt",
                EnhancedStatus.of(4, 3, 5),
                "TLS reports are not read here, or not before a restart: [tlsrpt_in]",
                null,
                null,
                Cause.Extent.NEXT_HOP));
    Map<Long, Outcome> all = new HashMap<>();
    consignment.recipients().forEach(r -> all.put(r.key(), waits));
    return all;
  }

  /**
   * Begins to listen, where that is configured, and to be counted.
   *
   * @throws IOException when the address is not to be had
   * @throws UncheckedIOException when the folder cannot be used
   */
  public void start(Counters counters) throws IOException {
    Late<Rooms> late = rooms;
    if (late == null) {
      return;
    }
    Rooms made = late.get();
    counters.gauge("sealwax_tls_reports", "Received TLS reports that are kept", made.shelf()::size);
    Optional<DoorSettings> settings = doorSettings();
    if (settings.isPresent()) {
      door =
          ReportDoor.open(
              settings.get(), world.tls().get(), made.desk(), world.clock(), world.log());
      world.log().note("tlsrpt", "takes reports by POST at " + door.address());
    }
  }

  private Optional<DoorSettings> doorSettings() {
    return world.settings().tlsReportsIn().flatMap(TlsReportsInRow::door);
  }

  /** Where it is to listen; empty: nowhere. */
  public Optional<InetSocketAddress> wanted() {
    return doorSettings().map(DoorSettings::address);
  }

  /** Where it listens; empty when it does not. */
  public Optional<InetSocketAddress> address() {
    return Optional.ofNullable(door).map(ReportDoor::address);
  }

  @Override
  public void close() throws IOException {
    ReportDoor made = door;
    if (made != null) {
      made.close();
    }
  }
}
