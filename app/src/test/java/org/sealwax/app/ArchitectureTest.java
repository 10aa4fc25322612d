package org.sealwax.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The house: imports go down or left, doors stay shut (ARCHITECTURE.md). */
final class ArchitectureTest {
  /** Rooms from the lowest up, and on one floor from left to right. */
  private static final List<String> PACKAGES =
      List.of(
          "address",
          "world",
          "log",
          "smtp",
          "tls",
          "dns",
          "https",
          "message",
          "policy",
          "dane",
          "sts",
          "tlsrpt",
          "ledger",
          "converse",
          "receipt",
          "spool",
          "queue",
          "forward",
          "evidence",
          "deliver",
          "receive",
          "lab",
          "assess",
          "policyd",
          "report",
          "config",
          "console",
          "app");

  private static final String ROOT = "org.sealwax.";
  private static JavaClasses mainClasses =
      new ClassFileImporter().importClasses(ArchitectureTest.class);

  @BeforeAll
  static void importClasses() {
    mainClasses = mainClasses();
  }

  /** All classes but those that were compiled to where this test was, wherever that is. */
  static JavaClasses mainClasses() {
    String tests =
        ArchitectureTest.class.getProtectionDomain().getCodeSource().getLocation().toString();
    ImportOption noTests = location -> !location.contains(tests);
    return new ClassFileImporter().withImportOption(noTests).importPackages("org.sealwax");
  }

  private static String packageOf(JavaClass c) {
    String name = c.getPackageName();
    if (!name.startsWith(ROOT)) {
      return "";
    }
    String rest = name.substring(ROOT.length());
    int dot = rest.indexOf('.');
    return dot < 0 ? rest : rest.substring(0, dot);
  }

  @Test
  void classesWereImported() {
    assertTrue(mainClasses.size() > 40, "the import saw only " + mainClasses.size() + " classes");
  }

  @Test
  void everyClassIsInAListedPackage() {
    for (JavaClass c : mainClasses) {
      assertTrue(PACKAGES.contains(packageOf(c)), c.getName() + " is in no room of the drawing");
    }
  }

  @Test
  void importsFollowThePackageOrder() {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass c : mainClasses) {
      for (Dependency d : c.getDirectDependenciesFromSelf()) {
        String from = packageOf(d.getOriginClass());
        String to = packageOf(d.getTargetClass());
        if (!to.isEmpty() && PACKAGES.indexOf(to) > PACKAGES.indexOf(from)) {
          wrong.add(d.getOriginClass().getName() + " -> " + d.getTargetClass().getName());
        }
      }
    }
    assertTrue(wrong.isEmpty(), "imports that go up or right: " + wrong);
  }

  @Test
  void receiveAndDeliverDoNotKnowEachOther() {
    noClasses()
        .that()
        .resideInAPackage("org.sealwax.receive..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.sealwax.deliver..")
        .allowEmptyShould(true)
        .check(mainClasses);
  }

  @Test
  void purePackagesHaveNoSocketsFilesThreadsOrClock() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "org.sealwax.address..",
            "org.sealwax.policy..",
            "org.sealwax.dane..",
            "org.sealwax.dns.validate..",
            "org.sealwax.sts",
            "org.sealwax.message..",
            "org.sealwax.smtp..")
        .or()
        .haveNameMatching("org\\.sealwax\\.queue\\.QueueStep.*")
        .should()
        .dependOnClassesThat(
            new DescribedPredicate<JavaClass>("sockets, files, threads or clock") {
              @Override
              public boolean test(JavaClass c) {
                String n = c.getName();
                return n.equals("java.lang.Thread")
                    || n.equals("java.time.Clock")
                    || n.startsWith("java.nio.file.")
                    || n.startsWith("java.nio.channels.")
                    || n.startsWith("java.io.File")
                    || n.startsWith("java.util.concurrent.Exec")
                    || (n.startsWith("java.net.") && !n.startsWith("java.net.Inet"));
              }
            })
        .allowEmptyShould(true)
        .check(mainClasses);
  }

  @Test
  void assessAndLabDoNotDependOnTheRouter() {
    Map<String, JavaClass> all = new TreeMap<>();
    for (JavaClass c : mainClasses) {
      all.put(c.getName(), c);
    }
    Set<String> forbidden = Set.of("deliver", "queue", "spool", "forward", "receive");
    Set<String> wrong = new TreeSet<>();
    for (JavaClass start : mainClasses) {
      if (!Set.of("assess", "lab").contains(packageOf(start))) {
        continue;
      }
      Deque<JavaClass> open = new ArrayDeque<>(List.of(start));
      Set<String> seen = new HashSet<>(List.of(start.getName()));
      while (!open.isEmpty()) {
        for (Dependency d : open.pop().getDirectDependenciesFromSelf()) {
          JavaClass to = d.getTargetClass();
          if (forbidden.contains(packageOf(to))) {
            wrong.add(start.getName() + " reaches " + to.getName());
          }
          JavaClass inHouse = all.get(to.getName());
          if (inHouse != null && seen.add(to.getName())) {
            open.push(inHouse);
          }
        }
      }
    }
    assertTrue(wrong.isEmpty(), wrong.toString());
  }

  @Test
  void onlyTlsKnowsTheTlsEngines() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.sealwax.tls..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.netty..", "org.bouncycastle..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("javax.net.ssl.SSLEngine")
        .check(mainClasses);
  }

  @Test
  void tlsVerdictImportsNoEngine() {
    classes()
        .that()
        .resideInAPackage("org.sealwax.tls.verdict..")
        .should()
        .onlyDependOnClassesThat(
            new DescribedPredicate<JavaClass>(
                "are in tls.verdict, in address or in the JDK without sockets and files") {
              @Override
              public boolean test(JavaClass c) {
                String n = c.getBaseComponentType().getPackageName();
                return c.getBaseComponentType().isPrimitive()
                    || n.equals("org.sealwax.tls.verdict")
                    || n.equals("org.sealwax.address")
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
            "org.sealwax.policy..",
            "org.sealwax.message..",
            "org.sealwax.dane..",
            "org.sealwax.tlsrpt..",
            "org.sealwax.ledger..")
        .should()
        .dependOnClassesThat(
            new DescribedPredicate<JavaClass>("are of tls, but not of tls.verdict") {
              @Override
              public boolean test(JavaClass c) {
                return packageOf(c).equals("tls")
                    && !c.getPackageName().equals("org.sealwax.tls.verdict");
              }
            })
        .check(mainClasses);
  }

  /** Inside tls: values and the wire format first, then the engines, then the probes and traps. */
  @Test
  void importsInsideTlsGoDown() {
    List<String> order = List.of("tls.verdict", "tls.wire", "tls", "tls.odd", "tls.look");
    Set<String> wrong = new TreeSet<>();
    for (JavaClass c : mainClasses) {
      if (!packageOf(c).equals("tls")) {
        continue;
      }
      int from = order.indexOf(c.getPackageName().substring(ROOT.length()));
      assertTrue(from >= 0, c.getName() + " is in no package of the order");
      for (Dependency d : c.getDirectDependenciesFromSelf()) {
        JavaClass to = d.getTargetClass();
        if (packageOf(to).equals("tls")
            && order.indexOf(to.getPackageName().substring(ROOT.length())) > from) {
          wrong.add(c.getName() + " -> " + to.getName());
        }
      }
    }
    assertTrue(wrong.isEmpty(), "imports inside tls that go up: " + wrong);
  }

  @Test
  void onlyDnsKnowsTheDnsLibrary() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "org.sealwax.dns.live..", "org.sealwax.dns.validate..", "org.sealwax.dns.zone..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.xbill..")
        .check(mainClasses);
  }

  @Test
  void onlyWorldReadsTheClockAndStartsThreads() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.sealwax.world..")
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
        .resideOutsideOfPackage("org.sealwax.app..")
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(System.class, "getenv")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .check(mainClasses);
  }

  @Test
  void onlyAppKnowsConfig() {
    noClasses()
        .that()
        .resideOutsideOfPackages("org.sealwax.app..", "org.sealwax.config..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.sealwax.config..")
        .check(mainClasses);
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

  static List<String> rooms() {
    return Collections.unmodifiableList(PACKAGES);
  }
}
