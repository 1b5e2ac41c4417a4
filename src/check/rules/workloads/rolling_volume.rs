//! A volume for one node under a rolling update.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "volume-rolling-update",
    about: "a Deployment with a ReadWriteOnce volume that is updated by RollingUpdate",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of("apps", "Deployment") {
        let strategy = at(&object.body, "/spec/strategy");
        let surge = at(strategy, "/rollingUpdate/maxSurge");
        if text(strategy, "/type") == "Recreate"
            || *surge == 0
            || *surge == "0%"
            || at(&object.body, "/spec/replicas") == 0
        {
            continue;
        }
        for volume in list(&object.body, "/spec/template/spec/volumes") {
            let claim = text(volume, "/persistentVolumeClaim/claimName");
            let Some(claim) = world.find("PersistentVolumeClaim", &object.object.namespace, claim) else { continue };
            let modes = list(&claim.body, "/spec/accessModes");
            if modes.is_empty() || !modes.iter().all(|mode| mode == "ReadWriteOnce" || mode == "ReadWriteOncePod") {
                continue;
            }
            let message =
                format!("it is updated by RollingUpdate while its volume {} is ReadWriteOnce", claim.object.name);
            let why = "the new pod waits on another node for a volume that the old one holds, which waits for the new: Multi-Attach error; on one node both write at once";
            let fix = "set strategy: {type: Recreate}";
            found.push(world.finding(&RULE, object, "strategy:", message, why, fix).warning());
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app()
            .pod("volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]")
            .and("v1 PersistentVolumeClaim web/data", "spec: {accessModes: [ReadWriteOnce]}")];
        let silent = [
            app()
                .spec("strategy: {type: Recreate}")
                .pod("volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]")
                .and("v1 PersistentVolumeClaim web/data", "spec: {accessModes: [ReadWriteOnce]}"),
            app()
                .pod("volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]")
                .and("v1 PersistentVolumeClaim web/data", "spec: {accessModes: [ReadWriteMany]}"),
            app().pod("volumes: [{name: a, persistentVolumeClaim: {claimName: data}}]"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
