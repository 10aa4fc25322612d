package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.ClientTls;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsSettings;

/** Carelessness that no engine lets a server have, each beside the careful one. */
final class CarelessTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private record Row(String name, Consumer<CarelessServer> server, String code, Outcome outcome) {}

  private static final List<Row> ROWS =
      List.of(
          new Row(
              "padding that nobody checks",
              s -> s.checksPadding = false,
              "vuln.poodle-tls/vulnerable",
              Outcome.FAIL),
          new Row("padding that is checked", s -> {}, "vuln.poodle-tls", Outcome.PASS),
          new Row(
              "tickets of eight days", s -> s.ticketLife = 8 * 86_400, "ticket/long", Outcome.WARN),
          new Row("tickets of seven days", s -> s.ticketLife = 7 * 86_400, "ticket", Outcome.PASS),
          new Row("no ticket", s -> {}, "ticket", Outcome.PASS),
          new Row(
              "tickets that are not taken back",
              s -> s.ticketLife = 60,
              "resumption/none",
              Outcome.INFO),
          new Row(
              "a hundred authorities",
              s -> s.authorities = 100,
              "clientcert.request/large-list",
              Outcome.WARN),
          new Row(
              "two authorities",
              s -> s.authorities = 2,
              "clientcert.request/requested",
              Outcome.INFO),
          new Row("no certificate asked for", s -> {}, "clientcert.request", Outcome.PASS));

  private static String told(List<Finding> findings) {
    return findings.stream()
        .map(f -> f.code() + " " + f.outcome() + " " + f.seen())
        .collect(Collectors.joining("\n"));
  }

  private static void assertTold(List<Finding> found, String code, Outcome outcome) {
    assertTrue(
        found.stream().anyMatch(f -> f.code().equals(code) && f.outcome() == outcome),
        () -> code + " " + outcome + " is not in\n" + told(found));
  }

  @TestFactory
  Stream<DynamicTest> eachIsToldFromTheCarefulOne() {
    return ROWS.stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.name(),
                    () -> {
                      try (CarelessServer server = new CarelessServer()) {
                        row.server().accept(server);
                        server.start();
                        List<Finding> found =
                            FlawTest.scan(
                                server.address(),
                                server.port(),
                                Entry.STARTTLS,
                                Depth.STANDARD,
                                server.connections,
                                LIMIT);
                        assertTold(found, row.code(), row.outcome());
                        assertEquals(
                            1,
                            found.stream()
                                .filter(f -> f.check().id().equals(row.code().split("/")[0]))
                                .count(),
                            told(found));
                      }
                    }));
  }

  /** Time that goes faster than the world's, so that nobody waits for a tarpit. */
  private record Hasty(int times) implements Clock {
    private static final long BEGAN = System.nanoTime();

    @Override
    public Instant now() {
      return Instant.now();
    }

    @Override
    public long nanoTime() {
      return BEGAN + (System.nanoTime() - BEGAN) * times;
    }
  }

  private static List<Finding> slow(long greetDelay, int times) throws Exception {
    try (MailServer server = new MailServer()) {
      server.greetDelay = greetDelay;
      server.start();
      return FlawTest.scan(
          FlawTest.visit(server.address(), server.port(), Entry.STARTTLS, Depth.QUICK, LIMIT),
          server.connections,
          new Hasty(times),
          null);
    }
  }

  @Test
  void aGreetingIsSlowAtFiveSecondsAndTooSlowAtFiveMinutes() throws Exception {
    assertTold(slow(0, 1), "banner.time", Outcome.PASS);
    assertTold(slow(60, 100), "banner.time/greeting", Outcome.WARN);
    assertTold(slow(310, 1_000), "banner.time/greeting", Outcome.FAIL);
  }

  @Test
  void aServerThatAnswersNothingSoonIsATarpit() throws Exception {
    try (MailServer server = new MailServer()) {
      server.thinksOfReplies = 30;
      server.start();
      List<Finding> found =
          FlawTest.scan(
              FlawTest.visit(server.address(), server.port(), Entry.STARTTLS, Depth.QUICK, LIMIT),
              server.connections,
              new Hasty(40),
              null);
      assertTold(found, "banner.time/replies", Outcome.INFO);
    }
  }

  private static TlsClient engine() {
    return new TlsRoom(TlsSettings.defaults(), Clock.system(), Chance.seeded(3))
        .client(ClientTls.defaults());
  }

  private static List<Finding> resumed(Consumer<MailServer> change) throws Exception {
    try (MailServer server = new MailServer()) {
      change.accept(server);
      server.start();
      return FlawTest.scan(
          FlawTest.visit(server.address(), server.port(), Entry.STARTTLS, Depth.FULL, LIMIT),
          server.connections,
          Clock.system(),
          engine());
    }
  }

  @Test
  void sessionsAreResumedAndNotOnlyTicketsGiven() throws Exception {
    List<Finding> found = resumed(s -> {});
    List<String> words =
        found.stream()
            .filter(f -> f.code().equals("resumption/ticket"))
            .map(Finding::seen)
            .toList();
    assertEquals(
        List.of("TLS 1.2: a ticket resumes its session", "TLS 1.3: a ticket resumes its session"),
        words,
        told(found));
  }

  @Test
  void whatIsNotResumedIsToldSo() throws Exception {
    List<Finding> found = resumed(s -> s.forgetsSessions = true);
    assertTrue(found.stream().noneMatch(f -> f.code().equals("resumption/ticket")), told(found));
    assertTold(found, "resumption/none", Outcome.INFO);
  }
}
