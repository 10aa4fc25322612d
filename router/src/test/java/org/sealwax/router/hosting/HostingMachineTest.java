package org.sealwax.router.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.hosting.HostingFacts.ModeSetting;
import org.sealwax.router.hosting.HostingFacts.MxFacts;
import org.sealwax.router.hosting.MxChangeOrder.StepState;

/** The policy of a domain, step by step. */
final class HostingMachineTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Domain MX1 = Domain.of("mx1.example.org");
  private static final Domain MX2 = Domain.of("mx2.example.net");
  private static final Domain OWN = Domain.of("relay.example.org");
  private static final Duration TTL = Duration.ofHours(1);
  private static final Instant BEGIN = Instant.parse("2027-03-01T12:00:00Z");

  private Instant now = BEGIN;
  private ModeSetting mode = ModeSetting.AUTO;
  private boolean signed = true;
  private Set<Domain> coming = Set.of();
  private Set<Domain> mx = Set.of(MX1);
  private Optional<String> published = Optional.empty();
  private HostedState state = HostedState.initial(DOMAIN, BEGIN, LocalDate.of(2027, 3, 1));

  private void turn() {
    turn(new MxFacts.MxHosts(List.copyOf(mx), signed, TTL, List.of()));
  }

  private void turn(MxFacts found) {
    StsRecord record =
        published.<StsRecord>map(StsRecord.Announced::new).orElseGet(StsRecord.None::new);
    state =
        HostingMachine.next(
            state,
            new HostingFacts(
                mode,
                Duration.ofDays(14),
                coming,
                OWN,
                found,
                new StsLookup.RecordAnswer(record),
                TTL),
            new HostingMachine.HostingTime(now, now));
  }

  private void pass(Duration time) {
    now = now.plus(time);
    turn();
  }

  private void publish() {
    published = state.policy().map(ServedPolicy::id);
    turn();
  }

  private String text() {
    return state.policy().orElseThrow().text();
  }

  private List<String> steps(StepState of) {
    return MxChangeOrder.of(state, now).steps().stream()
        .filter(s -> s.state() == of)
        .map(MxChangeOrder.ChangeStep::text)
        .toList();
  }

  @Test
  void theFirstPolicyListsTheMxHostsInModeTesting() {
    mx = Set.of(MX2, MX1);
    signed = false;
    turn();
    assertEquals(
        "version: STSv1\r\nmode: testing\r\nmx: mx1.example.org\r\nmx: mx2.example.net\r\n"
            + "max_age: 1209600\r\n",
        text());
    assertEquals(
        "v=STSv1; id=" + state.policy().orElseThrow().id() + ";", state.record().orElseThrow());
    assertTrue(
        StsRecord.read(List.of(state.record().orElseThrow())) instanceof StsRecord.Announced);
    assertEquals(
        List.of(
            "publish the TXT record _mta-sts.example.org \"" + state.record().orElseThrow() + "\""),
        steps(StepState.NOW));
  }

  @Test
  void theIdChangesWithTheTextAndNeverComesBack() {
    Set<String> ids = new HashSet<>();
    turn();
    String first = text();
    ids.add(state.policy().orElseThrow().id());
    for (int i = 0; i < 20; i++) {
      coming = i % 2 == 0 ? Set.of(MX2) : Set.of();
      turn();
      if (i % 2 == 1) {
        pass(Duration.ofDays(2)); // released
        assertEquals(first, text());
      }
      assertTrue(ids.add(state.policy().orElseThrow().id()), "a former id");
      String id = state.policy().orElseThrow().id();
      pass(Duration.ofSeconds(1));
      assertEquals(id, state.policy().orElseThrow().id());
    }
  }

  @Test
  void aClockThatGoesBackGivesNoFormerId() {
    turn();
    String first = state.policy().orElseThrow().id();
    now = now.minus(Duration.ofDays(400));
    coming = Set.of(MX2);
    turn();
    assertTrue(state.policy().orElseThrow().id().compareTo(first) > 0);
  }

  @Test
  void aStateFromABackupGetsAnIdAfterThePublishedOne() {
    turn();
    HostedState backup = state;
    now = now.plusSeconds(60);
    coming = Set.of(MX2);
    turn();
    publish();
    String later = published.orElseThrow();
    state = backup;
    coming = Set.of();
    turn();
    assertTrue(state.policy().orElseThrow().id().compareTo(later) > 0);
    String after = state.policy().orElseThrow().id();
    turn();
    assertEquals(after, state.policy().orElseThrow().id());
  }

  @Test
  void anotherProgramsIdChangesNothing() {
    turn();
    String id = state.policy().orElseThrow().id();
    for (String other : List.of("20240101", "zzz", "99991231235959ffffffff")) {
      published = Optional.of(other);
      pass(Duration.ofDays(1));
      assertEquals(id, state.policy().orElseThrow().id());
      assertFalse(state.isAnnounced());
    }
  }

  /** RFC 8461 8.1: first the file, then the id, then the MX record. */
  @Test
  void aNewHostIsListedAnnouncedAndThenPublished() {
    turn();
    publish();
    coming = Set.of(MX2);
    turn();
    assertTrue(text().contains("mx: mx2.example.net\r\n"));
    assertEquals(1, steps(StepState.NOW).size());
    assertTrue(steps(StepState.NOW).getFirst().startsWith("publish the TXT record"));
    pass(Duration.ofDays(30));
    assertTrue(steps(StepState.NOW).getFirst().startsWith("publish"), "waits for the record");
    publish();
    assertEquals(List.of(), steps(StepState.NOW));
    pass(Duration.ofHours(25).minusSeconds(1));
    assertEquals(List.of(), steps(StepState.NOW));
    assertFalse(Objects.requireNonNull(state.hosts().get(MX2)).isSafe(now));
    pass(Duration.ofSeconds(1));
    assertEquals(
        List.of("add the MX record of mx2.example.net: senders have its listing"),
        steps(StepState.NOW));
    mx = Set.of(MX1, MX2);
    turn();
    assertFalse(MxChangeOrder.of(state, now).hasWarning());
  }

  @Test
  void anMxHostThatIsNewInThePolicyIsWarnedOf() {
    turn();
    publish();
    mx = Set.of(MX1, MX2);
    turn();
    assertTrue(text().contains("mx2"));
    assertTrue(steps(StepState.WARNING).getFirst().contains("lists only since"));
    publish();
    pass(Duration.ofHours(25).minusSeconds(1));
    assertTrue(MxChangeOrder.of(state, now).hasWarning());
    pass(Duration.ofSeconds(1));
    assertFalse(MxChangeOrder.of(state, now).hasWarning());
  }

  /** A forged DNS answer could otherwise put the host of an attacker into the policy. */
  @Test
  void anUnsignedMxRecordIsListedAfterADayOnly() {
    signed = false;
    turn();
    publish();
    mx = Set.of(MX1, MX2);
    turn();
    assertFalse(text().contains("mx2"));
    assertTrue(steps(StepState.WARNING).getFirst().contains("does not list"));
    pass(Duration.ofHours(23));
    mx = Set.of(MX1);
    turn();
    mx = Set.of(MX1, MX2);
    pass(Duration.ofHours(2));
    assertFalse(text().contains("mx2"), "it was not there all the time");
    pass(Duration.ofHours(24));
    assertTrue(text().contains("mx2"));
    mx = Set.of(MX1, MX2, OWN);
    turn();
    assertTrue(text().contains("mx: relay.example.org"), "this server itself");
  }

  @Test
  void aRemovedHostStaysUntilNoCacheHasIt() {
    mx = Set.of(MX1, MX2);
    turn();
    publish();
    mx = Set.of(MX1);
    turn();
    assertTrue(steps(StepState.WAIT).getFirst().contains("not an MX host any more"));
    now = now.plus(Duration.ofHours(25));
    turn(new MxFacts.NotKnown("timeout"));
    assertTrue(text().contains("mx2"), "a failed look-up changes nothing");
    turn();
    assertFalse(text().contains("mx2"));
  }

  @Test
  void aFailedLookupChangesNothing() {
    turn(new MxFacts.NotKnown("timeout"));
    assertEquals(Optional.empty(), state.policy());
    assertEquals(List.of("timeout"), steps(StepState.WARNING));
    turn();
    ServedPolicy policy = state.policy().orElseThrow();
    for (int i = 0; i < 100; i++) {
      now = now.plus(Duration.ofDays(1));
      turn(new MxFacts.NotKnown("timeout"));
      assertEquals(policy, state.policy().orElseThrow());
    }
    assertFalse(state.isRecent(now), "not served after a restart");
  }

  @Test
  void aNullMxHasNoPolicyAndSaysWhy() {
    MxFacts found =
        MxFacts.of(
            DOMAIN,
            new DnsAnswer<>(
                List.of(new MxRecord(0, Optional.empty())),
                DnsAnswer.Kind.FOUND,
                DnssecStatus.SECURE,
                DOMAIN,
                0,
                TTL,
                ""));
    turn(found);
    assertEquals(Optional.empty(), state.policy());
    assertTrue(steps(StepState.WARNING).getFirst().contains("null MX"));
  }

  /** Nothing of an MX record is written but a host name. */
  @Test
  void namesThatAreNoHostNamesAreNeverListed() {
    List<MxRecord> records =
        List.of("a_b.example.org", "xn--zzzzzzzzz.example.org", "mx1.example.org").stream()
            .map(name -> new MxRecord(10, Domain.ofDns(name)))
            .toList();
    turn(
        MxFacts.of(
            DOMAIN,
            new DnsAnswer<>(
                records, DnsAnswer.Kind.FOUND, DnssecStatus.SECURE, DOMAIN, 0, TTL, "")));
    assertEquals(List.of(MX1), state.listed());
    assertEquals(2, state.problems().size());
    assertEquals(Optional.empty(), Domain.ofDns("mx.example.org\r\nmode: none"));
  }

  @Test
  void aThousandMxRecordsAreCut() {
    List<MxRecord> records =
        IntStream.range(0, 1_000)
            .mapToObj(
                i ->
                    new MxRecord(
                        i, Optional.of(Domain.of(("x" + i) + "." + "a".repeat(60) + ".org"))))
            .toList();
    turn(
        MxFacts.of(
            DOMAIN,
            new DnsAnswer<>(
                records, DnsAnswer.Kind.FOUND, DnssecStatus.SECURE, DOMAIN, 0, TTL, "")));
    assertEquals(PolicyText.MAX_HOSTS, state.listed().size());
    assertTrue(state.listed().contains(records.getFirst().exchange().orElseThrow()));
    assertTrue(text().getBytes(StandardCharsets.UTF_8).length <= StsPolicy.MAX_SIZE);
  }

  /** RFC 8461 8.3: mode none, and no removal before the last policy has expired. */
  @Test
  void aPolicyIsRemovedByModeNone() {
    mode = ModeSetting.ENFORCE;
    turn();
    publish();
    mode = ModeSetting.NONE;
    turn();
    assertEquals("version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n", text());
    assertTrue(steps(StepState.NOW).getFirst().startsWith("publish"));
    publish();
    pass(Duration.ofDays(14).plus(TTL).minusSeconds(1));
    assertTrue(steps(StepState.WAIT).getFirst().startsWith("keep the mode none"));
    pass(Duration.ofSeconds(1));
    assertTrue(steps(StepState.NOW).getFirst().startsWith("remove the TXT record"));
  }

  @Test
  void onlyTheAdminGoesBack() {
    mode = ModeSetting.ENFORCE;
    turn();
    mode = ModeSetting.AUTO;
    turn();
    assertEquals(StsPolicy.Mode.ENFORCE, state.mode());
    mode = ModeSetting.TESTING;
    turn();
    assertEquals(StsPolicy.Mode.TESTING, state.mode());
    assertEquals(now, state.modeSince());
  }

  @Test
  void theStateIsReadAsItWasWritten(@TempDir Path folder) throws Exception {
    mx = Set.of(MX1, MX2);
    turn();
    publish();
    mx = Set.of(MX1);
    coming = Set.of(OWN);
    pass(Duration.ofHours(2));
    state = state.assessed(List.of(new HostedState.GradedAssessment(now, "A+", true)));
    HostedStateFile.write(folder, state);
    assertEquals(Optional.of(state), HostedStateFile.read(folder, DOMAIN));
    assertEquals(List.of(DOMAIN), HostedStateFile.domains(folder));
    assertEquals(Optional.empty(), HostedStateFile.read(folder, MX1));
    assertNotEquals(Optional.empty(), Objects.requireNonNull(state.hosts().get(MX2)).released());
  }

  /** The longest name that has a policy host, and its file. */
  @Test
  void theLongestDomainHasAFile(@TempDir Path folder) throws Exception {
    String label = "a".repeat(63) + ".";
    Domain longest = Domain.of(label + label + label + "b".repeat(49) + ".c");
    assertEquals(Domain.MAX_LENGTH, StsRecord.hostFor(longest).orElseThrow().name().length() + 2);
    HostedStateFile.write(folder, HostedState.initial(longest, BEGIN, LocalDate.of(2027, 3, 1)));
    assertEquals(List.of(longest), HostedStateFile.domains(folder));
  }
}
