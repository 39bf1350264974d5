//! What every generated CRD must satisfy.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Definition, definitions};
use serde_json::Value;

/// `kubectl apply` keeps the object in an annotation of at most 262,144 bytes.
const LARGEST: usize = 200_000;

/// Every folder that holds a copy.
fn folders() -> [PathBuf; 3] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copies = ["", "../charts/sluice/files/crds", "../deploy/olm/manifests"];
    copies.map(|folder| root.join(folder))
}

#[test]
fn committed_files_are_fresh() {
    let update = std::env::var_os("UPDATE").is_some();
    for definition in definitions() {
        for folder in folders() {
            let path = folder.join(&definition.file);
            if update {
                fs::write(&path, definition.text()).unwrap();
            }
            let committed = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == definition.text(),
                "{} is stale: run the test again with UPDATE=1",
                path.display()
            );
        }
    }
}

#[test]
fn each_fits_into_the_annotation_of_kubectl_apply() {
    for definition in definitions() {
        let size = definition.object.to_string().len();
        assert!(size < LARGEST, "{} has {size} bytes", definition.file);
    }
}

#[test]
fn every_field_is_described() {
    for Definition { file, object } in definitions() {
        let schema = &object["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        for part in ["spec", "status"] {
            let mut missing = Vec::new();
            undescribed(&schema["properties"][part], part, &mut missing);
            assert!(missing.is_empty(), "{file}: {missing:#?}");
        }
    }
}

fn undescribed(schema: &Value, path: &str, missing: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if field["description"].as_str().is_none_or(str::is_empty) {
            missing.push(path.clone());
        }
        undescribed(field, &path, missing);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            undescribed(&schema[inner], path, missing);
        }
    }
}

#[test]
fn numbers_are_spelled_as_integers_and_lists_hold_no_defaults() {
    fn walk(value: &Value, in_list: bool, path: &str) {
        assert!(!value.is_f64(), "{path} is {value}");
        for (name, field) in value.as_object().into_iter().flatten() {
            assert!(!(in_list && name == "default"), "{path} has a default inside a list");
            walk(field, in_list || name == "items", &format!("{path}.{name}"));
        }
        for item in value.as_array().into_iter().flatten() {
            walk(item, in_list, path);
        }
    }
    for Definition { file, object } in definitions() {
        walk(&object, false, &file);
    }
}

#[test]
fn a_fresh_object_has_a_status_and_conditions_merge_by_type() {
    for Definition { object, .. } in definitions() {
        let status =
            &object["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"];
        assert_eq!(status["default"]["observedGeneration"], -1);
        let conditions = &status["properties"]["conditions"];
        assert_eq!(conditions["x-kubernetes-list-type"], "map");
        assert_eq!(conditions["x-kubernetes-list-map-keys"][0], "type");
    }
}

#[test]
fn columns_tell_whether_it_is_fine_and_scale_has_a_selector() {
    for Definition { file, object } in definitions() {
        let version = &object["spec"]["versions"][0];
        let columns: Vec<&str> = version["additionalPrinterColumns"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|column| column["name"].as_str())
            .collect();
        for column in ["Ready", "Reason", "Age", "Message"] {
            assert!(columns.contains(&column), "{file} lacks {column}");
        }
        // What is done once has no size.
        let scale = &version["subresources"]["scale"];
        let selector = (!scale.is_null()).then(|| &scale["labelSelectorPath"]);
        assert!(selector.is_none_or(|it| it == ".status.selector"), "{file}");
        assert_eq!(selector.is_none(), file.starts_with("kafkaconnectoroffsets."), "{file}");
        assert_eq!(object["spec"]["names"]["categories"][0], "sluice");
    }
}

#[test]
fn free_maps_keep_unknown_fields() {
    for Definition { file, object } in definitions() {
        let spec =
            &object["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let free = match file.as_str() {
            "kafkaconnectoroffsets.sluice.dev.yaml" => {
                "/alter/properties/offsets/items/properties/offset"
            }
            _ => "/config",
        };
        let free = spec["properties"].pointer(free).unwrap();
        assert_eq!(free["x-kubernetes-preserve-unknown-fields"], true, "{file}");
    }
}
