package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.UpgradeFixture;

/** Rows as the version before wrote them, in {@code upgrade/queue-rows.txt}: "name: hex". */
public final class QueueRecordCodecTest {
  private static final Mailbox PLAIN = new Mailbox("ann", Domain.of("project.test"));
  private static final Mailbox SPACE = new Mailbox("a b", Domain.of("xn--bcher-kva.test"));
  private static final Mailbox UTF8 = new Mailbox("j\u00f6rg", Domain.of("project.test"));
  private static final Mailbox IPV6 =
      new Mailbox("x", new AddressLiteral(InetAddress.ofLiteral("2001:db8::1")));
  private static final Mailbox IPV4 =
      new Mailbox("x", new AddressLiteral(InetAddress.ofLiteral("192.0.2.1")));
  private static final Instant NOON = Instant.parse("2026-11-30T12:00:00.123Z");

  /** Values of every kind, by the name of their row. */
  public static Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put(
        "envelope plain",
        new Envelope(ReversePath.of(PLAIN), MailOptions.plain(), "c[192.0.2.1]", "s-1", "", "", 1));
    int number = 0;
    for (MailOptions.BodyType body : MailOptions.BodyType.values()) {
      for (ReturnParameter content : ReturnParameter.values()) {
        for (MailOptions.TlsOption tls : MailOptions.TlsOption.values()) {
          values.put(
              "envelope " + body + " " + content + " " + tls,
              new Envelope(
                  number % 2 == 0 ? ReversePath.nullPath() : ReversePath.of(UTF8),
                  new MailOptions(
                      body, number % 3 == 0, number % 4 == 0 ? "QQ+2B" : null, content, tls),
                  "local",
                  "",
                  "TLSv1.3",
                  "",
                  number * 500));
          number++;
        }
      }
    }
    List<Recipient> recipients = new ArrayList<>();
    List<@Nullable FailureCause> causes = causes();
    List<DsnRequest> requests = requests();
    for (DeliveryTarget target :
        List.of(
            new DeliveryTarget.Remote(PLAIN),
            new DeliveryTarget.Remote(IPV6),
            new DeliveryTarget.Remote(SPACE),
            new DeliveryTarget.Pipe("tracker", PLAIN),
            new DeliveryTarget.Postmaster(IPV4),
            new DeliveryTarget.Reports(UTF8))) {
      for (Mailbox original : List.of(PLAIN, IPV4)) {
        int i = recipients.size();
        recipients.add(
            new Recipient(
                i * 100L,
                target,
                ReversePath.of(PLAIN),
                original,
                false,
                i % 2 == 0,
                requests.get(i % requests.size()),
                i % 3 == 0,
                causes.get(i % causes.size())));
      }
    }
    for (Recipient recipient : recipients) {
      values.put(
          "group " + AddressLiteral.expanded(recipient.target() + " " + recipient.original()),
          new RecipientGroup(ReversePath.of(PLAIN), null, 0, List.of(recipient)));
    }
    values.put(
        "group of all",
        new RecipientGroup(
            ReversePath.nullPath(),
            "ann@x.test",
            300,
            recipients.stream()
                .map(
                    r ->
                        new Recipient(
                            r.key(),
                            r.target(),
                            ReversePath.nullPath(),
                            r.original(),
                            true,
                            r.holdOnRefusal(),
                            r.dsn(),
                            r.delayNotified(),
                            r.last()))
                .toList()));
    List<TraceEntry.RecipientTrace> traces = new ArrayList<>();
    Set<TraceEntry.RecipientEvent> events = EnumSet.allOf(TraceEntry.RecipientEvent.class);
    // The version before did not have it.
    events.remove(TraceEntry.RecipientEvent.REFUSED);
    for (TraceEntry.RecipientEvent event : events) {
      traces.add(
          new TraceEntry.RecipientTrace(
              "a@b.test",
              event,
              "greylisted",
              "4.2.0",
              "t\u00e9xt",
              "mx[::1]",
              "may:clear",
              "450"));
    }
    values.put("trace of all", new TraceEntry(NOON, 3, null, traces));
    values.put(
        "trace with arrival",
        new TraceEntry(
            NOON,
            0,
            new TraceEntry.MessageArrival(NOON.minusMillis(1), "", "c", "TLSv1.3", "", 1L << 40, 7),
            List.of()));
    return values;
  }

  private static List<DsnRequest> requests() {
    return List.of(
        DsnRequest.none(),
        new DsnRequest(Set.of(), true, null),
        new DsnRequest(Set.of(DsnRequest.NotifyEvent.values()), false, "rfc822;x+2B@y.test"),
        new DsnRequest(Set.of(DsnRequest.NotifyEvent.SUCCESS), false, null),
        new DsnRequest(Set.of(DsnRequest.NotifyEvent.DELAY), false, "utf-8;\u00e9"));
  }

  private static List<@Nullable FailureCause> causes() {
    List<@Nullable FailureCause> causes = new ArrayList<>();
    causes.add(null);
    EnhancedStatus status = EnhancedStatus.of("4.4.1");
    for (FailureCause.Extent extent :
        List.of(
            FailureCause.Extent.RECIPIENT,
            FailureCause.Extent.MESSAGE,
            FailureCause.Extent.NEXT_HOP)) {
      causes.add(new FailureCause("connect", status, "did not answer", null, null, extent));
      causes.add(
          new FailureCause(
                  "greylisted",
                  status,
                  "later",
                  "mx.test",
                  new Reply(450, EnhancedStatus.of("4.7.999"), List.of("one", "", "tw\u00f6")),
                  extent)
              .asRemembered());
    }
    causes.add(
        new FailureCause(
            "refused",
            EnhancedStatus.of("5.0.0"),
            "",
            "mx.test",
            new Reply(554, null, List.of("no")),
            FailureCause.Extent.RECIPIENT));
    return causes;
  }

  /** The row of a value. */
  public static byte[] row(Object value) {
    return switch (value) {
      case Envelope envelope -> QueueRecordCodec.ENVELOPE.write(envelope);
      case RecipientGroup group -> QueueRecordCodec.GROUP.write(group);
      case TraceEntry entry -> QueueRecordCodec.TRACE_ENTRY.write(entry);
      default -> throw new IllegalArgumentException(String.valueOf(value));
    };
  }

  private static Object read(String name, byte[] row) throws IOException {
    return switch (name.substring(0, name.indexOf(' '))) {
      case "envelope" -> QueueRecordCodec.ENVELOPE.read(row);
      case "group" -> QueueRecordCodec.GROUP.read(row);
      default -> QueueRecordCodec.TRACE_ENTRY.read(row);
    };
  }

  private static Map<String, byte[]> rows() throws IOException {
    Map<String, byte[]> rows = new LinkedHashMap<>();
    try (InputStream in =
        Objects.requireNonNull(
            QueueRecordCodecTest.class.getResourceAsStream("/upgrade/queue-rows.txt"))) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
        int colon = line.lastIndexOf(": ");
        if (colon > 0) {
          rows.put(
              line.substring(0, colon), HexFormat.of().parseHex(line, colon + 2, line.length()));
        }
      }
    }
    return rows;
  }

  @Test
  void rowsOfTheVersionBeforeAreReadAsTheyWereMeant() throws IOException {
    Map<String, byte[]> rows = rows();
    Map<String, Object> values = values();
    assertEquals(values.keySet(), rows.keySet());
    for (Map.Entry<String, byte[]> row : rows.entrySet()) {
      assertEquals(values.get(row.getKey()), read(row.getKey(), row.getValue()), row.getKey());
    }
  }

  /** So the version before reads what this one writes, too. */
  @Test
  void rowsAreWrittenAsTheVersionBeforeWroteThem() throws IOException {
    Map<String, Object> values = values();
    for (Map.Entry<String, byte[]> row : rows().entrySet()) {
      Object value = Objects.requireNonNull(values.get(row.getKey()));
      assertArrayEquals(row.getValue(), row(value), row.getKey());
    }
  }

  @Test
  void everyRowOfAFullQueueComesBack(@TempDir Path folder) throws Exception {
    Path database = UpgradeFixture.unpack(folder).resolve("spool/spool.db");
    Map<String, String> columns =
        Map.of(
            "envelope", "SELECT envelope FROM message",
            "group", "SELECT recipients FROM share",
            "trace", "SELECT facts FROM journey");
    Map<String, Integer> counts = new HashMap<>();
    try (Connection connection = Sqlite.reader(database, 100);
        Statement s = connection.createStatement()) {
      for (Map.Entry<String, String> column : columns.entrySet()) {
        try (ResultSet rows = s.executeQuery(column.getValue())) {
          while (rows.next()) {
            byte[] bytes = rows.getBytes(1);
            assertArrayEquals(bytes, row(read(column.getKey() + " ", bytes)));
            counts.merge(column.getKey(), 1, Integer::sum);
          }
        }
      }
    }
    assertEquals(Map.of("envelope", 537, "group", 537, "trace", 913), counts);
  }

  /** Rows without results are those of the version before; it reads the others as a text of TLS. */
  @Test
  void resultsOfTheChecksComeBackWithTheHop() throws IOException {
    for (String tls : List.of("", "TLSv1.3 TLS_AES_128_GCM_SHA256")) {
      Envelope envelope =
          new Envelope(ReversePath.of(PLAIN), MailOptions.plain(), "c", "s", tls)
              .withChecks("spf=pass dkim=none dmarc=fail");
      assertEquals(
          envelope, QueueRecordCodec.ENVELOPE.read(QueueRecordCodec.ENVELOPE.write(envelope)));
      TraceEntry entry =
          new TraceEntry(NOON, 1, TraceEntry.MessageArrival.of(NOON, envelope, 9), List.of());
      assertEquals(
          "spf=pass dkim=none dmarc=fail", Objects.requireNonNull(entry.arrival()).checks());
      assertEquals(
          entry, QueueRecordCodec.TRACE_ENTRY.read(QueueRecordCodec.TRACE_ENTRY.write(entry)));
    }
  }

  /** An extent that only matters in memory becomes the nearest one that is stored. */
  @Test
  void extentsOfPausesAreStoredAsTheMessage() throws IOException {
    for (FailureCause.Extent extent :
        List.of(FailureCause.Extent.SENDER, FailureCause.Extent.TRANSACTION)) {
      FailureCause cause =
          new FailureCause("x", EnhancedStatus.of("4.0.0"), "", null, null, extent);
      Recipient recipient =
          new Recipient(
              1,
              new DeliveryTarget.Remote(PLAIN),
              ReversePath.nullPath(),
              PLAIN,
              false,
              false,
              DsnRequest.none(),
              false,
              cause);
      RecipientGroup group =
          new RecipientGroup(ReversePath.nullPath(), null, 1, List.of(recipient));
      FailureCause last =
          QueueRecordCodec.GROUP
              .read(QueueRecordCodec.GROUP.write(group))
              .recipients()
              .getFirst()
              .last();
      assertEquals(cause.withExtent(FailureCause.Extent.MESSAGE), last);
    }
  }

  @Test
  void shortenedLengthenedAndOtherVersionsAreRefused() throws IOException {
    for (Map.Entry<String, byte[]> row : rows().entrySet()) {
      byte[] whole = row.getValue();
      for (int length = 0; length < whole.length; length++) {
        byte[] cut = java.util.Arrays.copyOf(whole, length);
        IOException e = assertThrows(IOException.class, () -> read(row.getKey(), cut));
        assertTrue(String.valueOf(e.getMessage()).contains("not readable"), e.getMessage());
      }
      byte[] longer = java.util.Arrays.copyOf(whole, whole.length + 1);
      assertThrows(IOException.class, () -> read(row.getKey(), longer));
      for (int version = 0; version < 256; version++) {
        byte[] other = whole.clone();
        other[0] = (byte) version;
        if (version != whole[0]) {
          assertThrows(IOException.class, () -> read(row.getKey(), other));
        }
      }
    }
  }
}
