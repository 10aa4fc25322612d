package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.settings.SettingValue;

/**
 * Every method and constructor is called by the program, directly or through a supertype or subtype
 * of its own; those of testkit, by the program or by a test. Accessors of records and methods that
 * implement a type of a library are not examined. What only tests call is listed here with its
 * reason.
 */
@Tag("long")
final class UnusedCodeTest {
  /** Type and method, and why it is in the program. */
  private static final Map<String, String> FOR_TESTS = forTests();

  private static Map<String, String> forTests() {
    Map<String, String> out = new HashMap<>();
    because(
        out,
        "a settings record has its defaults, and ConfigurationTest compares them",
        "LedgerSettings.defaults");
    because(
        out,
        "a plain value, or one that does nothing, for tests of what takes it",
        "Dialers.both",
        "ExpiryListener.none",
        "MailOptions.plain",
        "PeerMatcher.none",
        "ClockReading.of",
        "PipeSettings.of",
        "FindingLocation.of",
        "PolicyRow.pinned",
        "RelayRules.loopbackOnly",
        "RevocationCheck.RevocationFetcher.none");
    because(
        out,
        "shows the state inside, where a test of a limit or of a leak needs it",
        "AliasTable.size",
        "ClientLimits.size",
        "SmtpDeliveryAgent.idleConnections",
        "SightingFacts.deliveries",
        "InvalidFileException.flaws",
        "HeaderScanner.size",
        "HostMemories.size",
        "LabService.live",
        "LogWriter.waitsForSpace",
        "ProviderLimiter.remembered",
        "VerificationCache.isRefreshing",
        "Router.reportAddress",
        "DeliverySlots.RunningRound.batch",
        "Scheduler.hops",
        "ServerFlight.suite",
        "ServerFlight.version",
        "SessionLimit.taken",
        "Sighting.connections",
        "SqliteSpool.figures",
        "SpoolMaintenance.hasSwept",
        "SpoolWriter.isTidying",
        "SurveyState.held",
        "TlsFactory.openEngines");
    because(
        out,
        "a whole table, whose rows a test checks",
        "TrapExpectation.all",
        "ClientSimulations.all",
        "SpecialUse.blocks");
    because(
        out,
        "the entry point of the library, for other programs (examples/)",
        "SmtpClient.builder",
        "SmtpClient.connect",
        "SmtpClient.evidence",
        "SmtpClient.hosts",
        "SmtpClient.requirement",
        "SmtpClient.subject",
        "SmtpClient.Builder.build",
        "SmtpClient.Builder.dialer",
        "SmtpClient.Builder.dns",
        "SmtpClient.Builder.level",
        "SmtpClient.Builder.policyPort",
        "SmtpClient.Builder.port",
        "SmtpClient.Builder.roots",
        "SmtpClient.Builder.timeouts",
        "UpdateClient.serial");
    because(
        out, "a test writes and compares the manual page", "ManualPage.of", "SettingTable.purpose");
    because(out, "a test goes over all commands", "CommandLine.commands");
    because(
        out,
        "the side of a server, for scripted peers in tests",
        "ServerWriter.curve",
        "ServerWriter.exportKey",
        "ServerWriter.field",
        "ServerWriter.request",
        "ServerWriter.retry",
        "ServerWriter.staple",
        "Ssl2.serverHello");
    return out;
  }

  private static void because(Map<String, String> out, String why, String... names) {
    for (String name : names) {
      out.put(name, why);
    }
  }

  /** The methods and constructors that call each one, by its name and number of parameters. */
  private static final Map<String, Set<String>> CALLERS = new HashMap<>();

  /** The same, with the calls of tests. */
  private static final Map<String, Set<String>> CALLERS_WITH_TESTS = new HashMap<>();

  private static final Map<String, Set<JavaClass>> SUBTYPES = new HashMap<>();

  private static JavaClasses program = new ClassFileImporter().importClasses(UnusedCodeTest.class);

  @BeforeAll
  static void readTheCalls() {
    // Read once: reading takes longer than all that is asked of it.
    JavaClasses withTests = new ClassFileImporter().importPackages("org.sealwax");
    program = withTests.that(ArchitectureTest.inMain());
    readTheCalls(program, CALLERS);
    readTheCalls(withTests, CALLERS_WITH_TESTS);
  }

  private static void readTheCalls(JavaClasses classes, Map<String, Set<String>> callers) {
    for (JavaClass c : classes) {
      for (JavaCodeUnitAccess<?> access : c.getCodeUnitAccessesFromSelf()) {
        callers
            .computeIfAbsent(
                access.getTargetOwner().getName()
                    + '#'
                    + access.getTarget().getName()
                    + '/'
                    + access.getTarget().getRawParameterTypes().size(),
                k -> new HashSet<>())
            .add(access.getOrigin().getFullName());
      }
      for (JavaClass above : above(c)) {
        SUBTYPES.computeIfAbsent(above.getName(), n -> new HashSet<>()).add(c);
      }
    }
  }

  private static Set<JavaClass> above(JavaClass c) {
    Set<JavaClass> out = new LinkedHashSet<>(c.getAllRawInterfaces());
    out.addAll(c.getAllRawSuperclasses());
    return out;
  }

  private static boolean isOurs(JavaClass c) {
    return c.getName().startsWith("org.sealwax.");
  }

  private static String signature(JavaCodeUnit unit) {
    return '#' + unit.getName() + '/' + unit.getRawParameterTypes().size();
  }

  /** Whether the language or a library may call it without a trace in our code. */
  private static boolean isCalledFromOutside(JavaCodeUnit unit) {
    JavaClass owner = unit.getOwner();
    Set<JavaModifier> modifiers = unit.getModifiers();
    if (modifiers.contains(JavaModifier.SYNTHETIC) || modifiers.contains(JavaModifier.BRIDGE)) {
      return true;
    }
    if (unit instanceof JavaConstructor) {
      // One that is private and takes nothing keeps others from making any.
      return modifiers.contains(JavaModifier.PRIVATE) && unit.getParameters().isEmpty()
          || owner.isEnum()
          || owner.isRecord() && unit.getParameters().size() == components(owner)
          || owner.getName().equals("org.sealwax.router.log.LibraryLog");
    }
    if (!(unit instanceof JavaMethod)) {
      return true;
    }
    boolean accessor =
        owner.isRecord()
            && unit.getParameters().isEmpty()
            && owner.tryGetField(unit.getName()).isPresent();
    boolean ofTheLanguage =
        owner.isEnum() && Set.of("values", "valueOf").contains(unit.getName())
            || unit.getName().equals("main") && owner.getName().equals("org.sealwax.app.Main");
    boolean ofSettings =
        owner.isAnnotatedWith(SettingValue.class) && unit.getName().equals("parse");
    return accessor
        || ofTheLanguage
        || ofSettings
        || above(owner).stream()
            .filter(a -> !isOurs(a))
            .flatMap(a -> a.getMethods().stream())
            .anyMatch(m -> signature(m).equals(signature(unit)));
  }

  private static long components(JavaClass record) {
    return record.getFields().stream()
        .filter(f -> !f.getModifiers().contains(JavaModifier.STATIC))
        .count();
  }

  private static boolean isCalled(JavaCodeUnit unit) {
    Deque<JavaClass> owners = new ArrayDeque<>(Set.of(unit.getOwner()));
    owners.addAll(above(unit.getOwner()));
    owners.addAll(SUBTYPES.getOrDefault(unit.getOwner().getName(), Set.of()));
    Map<String, Set<String>> calls =
        unit.getOwner().getPackageName().startsWith("org.sealwax.testkit")
            ? CALLERS_WITH_TESTS
            : CALLERS;
    for (JavaClass owner : owners) {
      Set<String> callers = calls.getOrDefault(owner.getName() + signature(unit), Set.of());
      if (callers.stream().anyMatch(caller -> !caller.equals(unit.getFullName()))) {
        return true;
      }
    }
    return false;
  }

  private static String name(JavaCodeUnit unit) {
    String owner = unit.getOwner().getName();
    return owner.substring(owner.lastIndexOf('.') + 1).replace('$', '.')
        + (unit instanceof JavaConstructor
            ? "(" + unit.getParameters().size() + ")"
            : "." + unit.getName());
  }

  @Test
  void everyMethodIsCalledByTheProgram() {
    Set<String> uncalled = new TreeSet<>();
    int units = 0;
    for (JavaClass c : program) {
      for (JavaCodeUnit unit : c.getCodeUnits()) {
        units++;
        if (!isCalledFromOutside(unit) && !isCalled(unit)) {
          uncalled.add(name(unit));
        }
      }
    }
    assertTrue(units > 5_000, "only " + units + " were found");
    Set<String> wrong = new TreeSet<>(uncalled);
    wrong.removeAll(FOR_TESTS.keySet());
    assertEquals(Set.of(), wrong, "called by no code of the program");
    Set<String> stale = new TreeSet<>(FOR_TESTS.keySet());
    stale.removeAll(uncalled);
    assertEquals(Set.of(), stale, "exceptions that do not exist or are not needed any more");
  }
}
