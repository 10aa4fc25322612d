package org.sealwax.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The dependency rules of ARCHITECTURE.md that the Maven modules cannot express: the order of
 * packages inside a module, and what only certain packages may use.
 */
final class ArchitectureTest {
  /** Each module's packages below {@code org.sealwax}: one imports only those before it. */
  private static final Map<String, List<String>> PACKAGES = packages();

  private static Map<String, List<String>> packages() {
    Map<String, List<String>> out = new LinkedHashMap<>();
    out.put(
        "mail",
        List.of(
            "mail.address",
            "mail.tls.verdict",
            "mail.settings",
            "mail.net",
            "mail.json",
            "mail.smtp",
            "mail.tls.wire",
            "mail.tls",
            "mail.dns",
            "mail.dns.validate",
            "mail.dns.update",
            "mail.dns.live",
            "mail.http",
            "mail.message",
            "mail.dkim",
            "mail.policy",
            "mail.dane",
            "mail.sts",
            "mail.sts.fetch",
            "mail.spf",
            "mail.dmarc",
            "mail.tlsrpt",
            "mail.smtp.session",
            "mail.client",
            "mail.cli"));
    out.put(
        "testkit",
        List.of(
            "testkit.net",
            "testkit.fuzz",
            "testkit.dns",
            "testkit.tls",
            "testkit.sts",
            "testkit.zone"));
    out.put(
        "router",
        List.of(
            "router.log",
            "router.store",
            "router.dkim",
            "router.spool",
            "router.queue",
            "router.ledger",
            "router.sts",
            "router.receipts",
            "router.evidence",
            "router.route",
            "router.deliver",
            "router.pipe",
            "router.dnsbl",
            "router.milter",
            "router.dmarc",
            "router.receive",
            "router.receive.auth",
            "router.https",
            "router.reports",
            "router.reports.inbox",
            "router.reports.received",
            "router.feedback",
            "router.policyd",
            "router.metrics",
            "router.certs",
            "router.certs.acme",
            "router.certs.rollover",
            "router.hosting",
            "router.records",
            "router.config",
            "router.wiring",
            "router.control",
            "router.server",
            "router.cli"));
    out.put(
        "assess",
        List.of(
            "assess.model",
            "assess",
            "assess.tlsclient",
            "assess.receiver",
            "assess.review",
            "assess.render",
            "assess.baseline",
            "assess.survey",
            "assess.serve",
            "assess.cli"));
    out.put("lab", List.of("lab.traps", "lab.site", "lab.judge", "lab.serve", "lab.cli"));
    out.put("app", List.of("app.doctor", "app"));
    return out;
  }

  private static final String ROOT = "org.sealwax.";

  private static JavaClasses mainClasses =
      new ClassFileImporter().importClasses(ArchitectureTest.class);

  @BeforeAll
  static void importClasses() {
    mainClasses = mainClasses();
  }

  /**
   * All classes of {@code src/main/java} of all modules. The tests of a module are elsewhere: in
   * its {@code target/test-classes}, in a test-jar, or in one folder together with this test.
   */
  static JavaClasses mainClasses() {
    return new ClassFileImporter()
        .withImportOption(location -> !isOfTests(location.toString()))
        .importPackages("org.sealwax");
  }

  /** The same, of classes that are read already. */
  static DescribedPredicate<JavaClass> inMain() {
    return DescribedPredicate.describe(
        "in main", c -> c.getSource().stream().noneMatch(s -> isOfTests(s.getUri().toString())));
  }

  private static boolean isOfTests(String location) {
    String tests =
        ArchitectureTest.class.getProtectionDomain().getCodeSource().getLocation().toString();
    return location.contains(tests)
        || location.contains("/test-classes/")
        || location.contains("-tests.jar!");
  }

  /** The modules from the lowest up, with their packages in the order of imports. */
  static Map<String, List<String>> modules() {
    return PACKAGES;
  }

  /** A package without the root that all share. */
  static String shortName(JavaClass c) {
    String name = c.getPackageName();
    return name.startsWith(ROOT) ? name.substring(ROOT.length()) : "";
  }

  private static String moduleOf(String packageName) {
    return packageName.split("\\.", 2)[0];
  }

  /** Names of the top-level classes whose source is below {@code <module>/src/<kind>/java}. */
  private static Set<String> classesOfTheSources(String kind) throws IOException {
    Set<String> out = new TreeSet<>();
    for (String module : PACKAGES.keySet()) {
      Path sources = Path.of(module, "src", kind, "java");
      if (!Files.exists(sources)) {
        continue;
      }
      try (Stream<Path> all = Files.walk(sources)) {
        all.map(f -> sources.relativize(f).toString())
            .filter(f -> f.endsWith(".java") && !f.equals("module-info.java"))
            .map(f -> f.replace(".java", "").replace('/', '.'))
            .forEach(out::add);
      }
    }
    return out;
  }

  @Test
  void theImportHasTheProgramAndNoTests() throws IOException {
    Set<String> imported =
        mainClasses.stream()
            .filter(JavaClass::isTopLevelClass)
            .map(JavaClass::getName)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> sources = classesOfTheSources("main");
    assertTrue(sources.size() > 500, "only " + sources.size() + " sources were found");
    Set<String> tests = classesOfTheSources("test");
    tests.removeAll(sources); // a package-info may stand in both
    assertTrue(tests.size() > 100, "only " + tests.size() + " tests were found");
    tests.retainAll(imported);
    assertEquals(Set.of(), tests, "tests that were imported");
    sources.removeAll(imported);
    assertEquals(Set.of(), sources, "sources whose classes were not imported");
  }

  @Test
  void everyPackageIsListedWithTheModuleThatHoldsItsSources() throws IOException {
    for (Map.Entry<String, List<String>> module : PACKAGES.entrySet()) {
      Path sources = Path.of(module.getKey(), "src/main/java");
      Set<String> built = new TreeSet<>();
      try (Stream<Path> all = Files.walk(sources)) {
        all.filter(f -> f.toString().endsWith(".java") && !f.endsWith("module-info.java"))
            .map(f -> sources.relativize(f.getParent()).toString().replace('/', '.'))
            .forEach(p -> built.add(p.replaceFirst("^org\\.sealwax\\.", "")));
      }
      assertEquals(built, new TreeSet<>(module.getValue()), "packages of " + module.getKey());
      for (String name : module.getValue()) {
        assertEquals(module.getKey(), moduleOf(name), "module of " + name);
      }
    }
  }

  @Test
  void importsInsideAModuleFollowTheOrderOfItsPackages() {
    Map<String, String> wrong = new TreeMap<>();
    int imports = 0;
    for (JavaClass c : mainClasses) {
      String from = shortName(c);
      List<String> order = PACKAGES.getOrDefault(moduleOf(from), List.of());
      for (Dependency d : c.getDirectDependenciesFromSelf()) {
        String to = shortName(d.getTargetClass().getBaseComponentType());
        if (moduleOf(to).equals(moduleOf(from)) && !to.equals(from)) {
          imports++;
          if (order.indexOf(to) > order.indexOf(from)) {
            wrong.putIfAbsent(
                from + " -> " + to,
                "as in " + c.getSimpleName() + " of " + d.getTargetClass().getSimpleName());
          }
        }
      }
    }
    assertTrue(imports > 5_000, "only " + imports + " imports were seen");
    assertEquals(Map.of(), wrong, "imports of a package that is listed after the importing one");
  }

  @Test
  void receiveAndDeliverDoNotKnowEachOther() {
    noClasses()
        .that()
        .resideInAPackage("org.sealwax.router.receive..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.sealwax.router.deliver..")
        .check(mainClasses);
    noClasses()
        .that()
        .resideInAPackage("org.sealwax.router.deliver..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.sealwax.router.receive..")
        .check(mainClasses);
  }

  @Test
  void purePackagesHaveNoSocketsFilesThreadsOrClock() {
    String[] pure = {
      "org.sealwax.mail.address",
      "org.sealwax.mail.smtp",
      "org.sealwax.mail.tls.verdict",
      "org.sealwax.mail.tls.wire",
      "org.sealwax.mail.dns.validate",
      "org.sealwax.mail.message",
      "org.sealwax.mail.dkim",
      "org.sealwax.mail.policy",
      "org.sealwax.mail.dane",
      "org.sealwax.mail.sts",
      "org.sealwax.mail.spf",
      "org.sealwax.mail.dmarc",
      "org.sealwax.router.records",
      "org.sealwax.assess.model",
      "org.sealwax.lab.traps",
      "org.sealwax.lab.judge"
    };
    for (String name : pure) {
      noClasses()
          .that()
          .resideInAPackage(name)
          .should()
          .dependOnClassesThat(SOCKETS_FILES_THREADS_CLOCK)
          .check(mainClasses);
    }
    for (DescribedPredicate<JavaClass> forbidden :
        List.of(SOCKETS_FILES_THREADS_CLOCK, LOCKS_AND_STORE)) {
      noClasses()
          .that()
          .haveNameMatching(
              "org\\.sealwax\\.router\\.queue\\.("
                  + String.join(
                      "|",
                      "QueueStep",
                      "Scheduler",
                      "DeliverySlots",
                      "NextHopTurns",
                      "KnownNextHops",
                      "RecipientGroup")
                  + ")(\\$.*)?")
          .should()
          .dependOnClassesThat(forbidden)
          .check(mainClasses);
    }
  }

  /** CrashMarks has a lock for its file, and a stream of the JDK has synchronized methods. */
  @Test
  void onlyOneClassLocksTheStateOfTheQueue() {
    noMethods()
        .that()
        .areDeclaredInClassesThat()
        .haveNameMatching(
            "org\\.sealwax\\.router\\.queue\\."
                + "(?!QueueState$|CrashMarks$|CutThroughRound$|RoundRunner\\$InMemory$).*")
        .should()
        .haveModifier(JavaModifier.SYNCHRONIZED)
        .check(mainClasses);
    noClasses()
        .that()
        .resideInAPackage("org.sealwax.router.queue")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.util.concurrent.locks")
        .check(mainClasses);
  }

  private static final DescribedPredicate<JavaClass> LOCKS_AND_STORE =
      new DescribedPredicate<>("locks and the store") {
        @Override
        public boolean test(JavaClass c) {
          return c.getName().startsWith("java.util.concurrent.")
              || c.getName().equals("org.sealwax.router.spool.Spool");
        }
      };

  private static final DescribedPredicate<JavaClass> SOCKETS_FILES_THREADS_CLOCK =
      new DescribedPredicate<>("sockets, files, threads or clock") {
        @Override
        public boolean test(JavaClass c) {
          String n = c.getName();
          return n.equals("java.lang.Thread")
              || n.equals("java.time.Clock")
              || n.equals("org.sealwax.mail.net.Clock")
              || n.startsWith("java.nio.file.")
              || n.startsWith("java.nio.channels.")
              || n.startsWith("java.io.File")
              || n.startsWith("java.util.concurrent.Exec")
              || (n.startsWith("java.net.") && !n.startsWith("java.net.Inet"));
        }
      };

  /** testkit builds TLS servers that no library offers; its package tls may use both engines. */
  @Test
  void onlyTlsPackagesKnowTheTlsEngines() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "org.sealwax.mail.tls", "org.sealwax.assess.tlsclient", "org.sealwax.testkit.tls")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.netty..", "org.bouncycastle..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("javax.net.ssl.SSLEngine")
        .check(mainClasses);
  }

  /** Classes that open files themselves, and why. */
  private static final Map<String, String> OPEN_FILES =
      Map.ofEntries(
          Map.entry("mail.net.RegularFile", "the place for it"),
          Map.entry("mail.net.FolderLock", "opens the lock of the state folder for writing"),
          Map.entry("router.store.StateFiles", "writes, and brings folders to stable storage"),
          Map.entry("mail.tls.SelfSigned", "writes"),
          Map.entry("router.route.SrsSecretFile", "writes"),
          Map.entry("router.receipts.ReceiptLog", "appends to its own files"),
          Map.entry("router.spool.BodyFiles", "bodies that the spool wrote"),
          Map.entry("router.spool.BodyFiles$LargeContent", "the same"),
          Map.entry("router.spool.CrashMarks$MarkFile", "maps its own file into memory"),
          Map.entry("router.spool.WalFile", "the log that SQLite wrote"),
          Map.entry("router.spool.Salvage", "pages of the spool's database"),
          Map.entry("router.policyd.LogTail", "follows a log; RegularFile checks it"),
          Map.entry("testkit.tls.LabCertificateAuthority", "writes"),
          Map.entry("testkit.zone.StoredZoneKey", "writes"),
          Map.entry("assess.serve.StoredResult", "results that the service wrote"),
          Map.entry("assess.survey.SurveyState", "cuts its own files; RegularFile checks them"));

  private static boolean opensAFile(JavaCodeUnitAccess<?> call) {
    String owner = call.getTargetOwner().getName();
    String name = call.getName();
    boolean constructs = name.equals("<init>");
    return owner.equals(Files.class.getName())
            && (Set.of(
                        "readString",
                        "readAllBytes",
                        "readAllLines",
                        "lines",
                        "newInputStream",
                        "newBufferedReader",
                        "newByteChannel")
                    .contains(name)
                || name.equals("copy")
                    && !call.getTarget().getRawParameterTypes().get(1).isEquivalentTo(Path.class))
        || owner.equals(FileChannel.class.getName()) && name.equals("open")
        || constructs
            && Set.of(
                    "java.io.FileInputStream",
                    "java.io.FileReader",
                    "java.io.RandomAccessFile",
                    "java.util.Scanner")
                .contains(owner);
  }

  /** A FIFO blocks its reader, and a device has no end. */
  @Test
  void filesAreOpenedForReadingInOnePlace() {
    Set<String> reviewed = new TreeSet<>();
    OPEN_FILES.keySet().forEach(c -> reviewed.add("org.sealwax." + c));
    Set<String> found = new TreeSet<>();
    for (JavaClass c : mainClasses) {
      if (c.getCodeUnitAccessesFromSelf().stream().anyMatch(ArchitectureTest::opensAFile)) {
        found.add(c.getName());
      }
    }
    assertEquals(reviewed, found, "read files by RegularFile, or add the class with a reason");
  }

  /** Marks, versions, permissions and journals of databases have one place. */
  @Test
  void onlyTheStoreOpensDatabases() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.sealwax.router.store")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.sqlite..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.sql.DriverManager")
        .check(mainClasses);
  }

  /** One writer and one reader: escapes, numbers and limits have one place. */
  @Test
  void onlyOnePackageMakesJsonWritersAndReaders() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.sealwax.mail.json")
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "tools\\.jackson\\.(core\\.(json\\.|JsonGenerator|JsonParser|TokenStreamFactory)"
                + "|databind\\.(json\\.|Object)).*")
        .check(mainClasses);
  }

  @Test
  void tlsVerdictImportsNoEngine() {
    classes()
        .that()
        .resideInAPackage("org.sealwax.mail.tls.verdict..")
        .should()
        .onlyDependOnClassesThat(
            new DescribedPredicate<JavaClass>(
                "are in tls.verdict, in address or in the JDK without sockets and files") {
              @Override
              public boolean test(JavaClass c) {
                String n = c.getBaseComponentType().getPackageName();
                return c.getBaseComponentType().isPrimitive()
                    || n.equals("org.sealwax.mail.tls.verdict")
                    || n.equals("org.sealwax.mail.address")
                    || n.equals("org.jspecify.annotations")
                    || n.startsWith("java.")
                        && !n.equals("java.net")
                        && !n.startsWith("java.nio.file")
                        && !n.startsWith("java.nio.channels");
              }
            })
        .check(mainClasses);
  }

  @Test
  void valuesOfTlsComeFromTlsVerdictOnly() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "org.sealwax.mail.policy",
            "org.sealwax.mail.message",
            "org.sealwax.mail.dane",
            "org.sealwax.mail.tlsrpt",
            "org.sealwax.router.ledger")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.sealwax.mail.tls", "org.sealwax.mail.tls.wire")
        .check(mainClasses);
  }

  @Test
  void onlyDnsPackagesKnowTheDnsLibrary() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "org.sealwax.mail.dns.live",
            "org.sealwax.mail.dns.update",
            "org.sealwax.mail.dns.validate",
            "org.sealwax.testkit.zone")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.xbill..")
        .check(mainClasses);
  }

  @Test
  void onlyNetReadsTheClockAndStartsThreads() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.sealwax.mail.net")
        .should()
        .callMethod(java.time.Instant.class, "now")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(Thread.class, "ofVirtual")
        .orShould()
        .callMethod(Thread.class, "ofPlatform")
        .orShould()
        .callMethod(Thread.class, "start")
        .orShould()
        .callMethod(Thread.class, "startVirtualThread", Runnable.class)
        .check(mainClasses);
  }

  @Test
  void onlyAppExitsOrReadsTheEnvironment() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.sealwax.app")
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(System.class, "getenv")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .check(mainClasses);
  }

  /** The end of the process at once, where a signal asks twice or a thread of the process died. */
  @Test
  void onlyCommandsHaltTheProcess() {
    noClasses()
        .that()
        .resideOutsideOfPackages("org.sealwax.mail.cli", "org.sealwax.router.cli")
        .should()
        .callMethod(Runtime.class, "halt", int.class)
        .orShould()
        .callMethod(Runtime.class, "exit", int.class)
        .check(mainClasses);
  }

  @Test
  void onlyCommandsAndWiringKnowConfig() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "org.sealwax.router.config",
            "org.sealwax.router.wiring",
            "org.sealwax.router.control",
            "org.sealwax.router.server",
            "org.sealwax.router.cli",
            "org.sealwax.app",
            "org.sealwax.app.doctor")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.sealwax.router.config")
        .check(mainClasses);
  }

  /** A file that one fears to touch begins with its length. */
  @Test
  void noFileOfTheRouterIsLongerThanSixHundredLines() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("router/src/main/java"))) {
      List<Path> sources = files.filter(f -> f.toString().endsWith(".java")).toList();
      assertTrue(sources.size() > 300, sources.size() + " files");
      List<String> tooLong = new ArrayList<>();
      for (Path source : sources) {
        int lines = Files.readAllLines(source).size();
        if (lines > 600) {
          tooLong.add(source + ": " + lines);
        }
      }
      assertEquals(List.of(), tooLong);
    }
  }

  @Test
  void everyPackageHasAPackageComment() {
    Set<String> packages = new TreeSet<>();
    Set<String> described = new TreeSet<>();
    for (JavaClass c : mainClasses) {
      packages.add(c.getPackageName());
      if (c.getSimpleName().equals("package-info")) {
        described.add(c.getPackageName());
      }
    }
    packages.removeAll(described);
    assertTrue(packages.isEmpty(), "without package-info: " + packages);
  }

  @Test
  void topLevelTypesAreFinalSealedOrInterfaces() {
    classes()
        .that()
        .areTopLevelClasses()
        .and()
        .areNotInterfaces()
        .and()
        .areNotEnums()
        .and()
        .areNotRecords()
        .should(
            new com.tngtech.archunit.lang.ArchCondition<JavaClass>("be final or sealed") {
              @Override
              public void check(JavaClass c, com.tngtech.archunit.lang.ConditionEvents events) {
                boolean open =
                    !c.getModifiers().contains(com.tngtech.archunit.core.domain.JavaModifier.FINAL)
                        && !c.getModifiers()
                            .contains(com.tngtech.archunit.core.domain.JavaModifier.ABSTRACT);
                if (open) {
                  events.add(
                      com.tngtech.archunit.lang.SimpleConditionEvent.violated(
                          c, c.getName() + " is open for inheritance"));
                }
              }
            })
        .check(mainClasses);
  }
}
